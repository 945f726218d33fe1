import { messageOf } from '../../../agent/errors.ts';
import { faultPoint } from '../../../agent/fault-point.ts';
import { redact } from '../../../agent/redact.ts';
import type { ReportTo } from '../settings.ts';
import { writeBlob } from './blob.ts';
import { writeEvents } from './events.ts';
import type { Handler } from './handler.ts';
import { type Documents, documentsOf } from './report.ts';
import { gatherFacts, type RunFacts } from './report-facts.ts';
import type { JobResult } from './result.ts';
import { writeStatusFile } from './status-file.ts';

/** Tells the service how a job stands: by the status file, which the VM agent passes on, and by a blob of its own. */
export class Reporter {
  readonly #handler: Handler;
  readonly #sequence: number;
  readonly #to: ReportTo;
  readonly #lines: string[] = [];

  constructor(handler: Handler, sequence: number, to: ReportTo) {
    this.#handler = handler;
    this.#sequence = sequence;
    this.#to = to;
  }

  /** On the way. Never throws for the blob: the file says the same. */
  async tell(result: JobResult): Promise<void> {
    const { file, blob } = await this.#documents(result, {});
    await writeStatusFile(this.#handler, this.#sequence, file);
    this.#note(result);
    await this.#upload(blob);
  }

  /**
   * The last word. The file first, so that the agent has it whatever becomes of the blob; that this could not be written is
   * in the file then.
   *
   * @param keep writes down what was told, before anybody is told. Returns whose status file is to say it.
   */
  async end(result: JobResult, run: RunFacts, keep: (documents: Documents) => Promise<number>): Promise<void> {
    const first = await this.#documents(result, run);
    await writeStatusFile(this.#handler, await keep(first), first.file);
    this.#note(result);
    if (!(await this.#upload(first.blob))) {
      const second = await this.#documents(withoutBlob(result), { ...run, blobFailed: true });
      await writeStatusFile(this.#handler, await keep(second), second.file);
    }
    await this.#attempt('the log blob', this.#to.logsBlobUri, `${this.#lines.join('\n')}\n`);
    await writeEvents(this.#handler, this.#to.taskId, this.#lines);
  }

  /** What an end said whose teller was cut off. */
  async repeat({ file, blob }: Documents): Promise<void> {
    await writeStatusFile(this.#handler, this.#sequence, file);
    await this.#upload(blob);
  }

  async #documents(result: JobResult, run: RunFacts): Promise<Documents> {
    return documentsOf(this.#to, result, await gatherFacts(this.#handler, result, run));
  }

  /** Whether it is there; also when none is wanted. */
  async #upload(text: string): Promise<boolean> {
    await faultPoint('azure-blob.write.before');
    const done = await this.#attempt('the status blob', this.#to.statusBlobUri, text);
    await faultPoint('azure-blob.write.after');
    return done;
  }

  async #attempt(what: string, uri: string | undefined, text: string): Promise<boolean> {
    if (uri === undefined) return true;
    try {
      await writeBlob(this.#handler.system, uri, text);
      return true;
    } catch (error) {
      const why = redact(messageOf(error));
      this.#handler.log.warn(`${what} could not be written: ${why}`);
      this.#lines.push(`${this.#handler.system.clock.now().toISOString()} ${what} could not be written: ${why}`);
      return false;
    }
  }

  #note({ code, status, consistency, message }: JobResult): void {
    const line = redact(`${status}, code ${code}, consistency ${consistency}: ${message}`);
    this.#handler.log.info(line, { sequence: this.#sequence, taskId: this.#to.taskId });
    this.#lines.push(`${this.#handler.system.clock.now().toISOString()} ${line}`);
  }
}

/** In the words in which upstream says it. */
const withoutBlob = (result: JobResult): JobResult => ({
  ...result,
  message: `${result.message === '' ? '' : `${result.message}; `}statusBlobUploadError=true`,
});
