import { type Evidence, levelOf } from '../snapshot/outcome.ts';
import type { Consistency } from '../snapshot/phases.ts';

/** What a snapshot taken now would be worth, and why it is that. */
export interface Expected {
  /** `unknown` where only root could tell. */
  readonly consistency: Consistency | 'unknown';
  /** Goes on after "because". */
  readonly reason: string;
}

/** What is known beforehand of a snapshot in which everything goes as it should. */
export interface ExpectationEvidence {
  /** Mount points that would be frozen. */
  readonly frozen: readonly string[];
  /** Why none would be; of no interest otherwise. */
  readonly whyNoneFrozen: string;
  readonly unfreezable: readonly string[];
  /** VSS has its writers hold their applications, and `frozen` are the volumes that it holds itself. */
  readonly byVss?: boolean;
  /** Names of the scripts that do something beforehand. */
  readonly preScripts: readonly string[];
  /** What is wrong with files that name scripts: those are not run. */
  readonly fileFaults: readonly string[];
  /** What keeps a script from running, found without running one. */
  readonly scriptFaults: readonly string[];
  /** No snapshot without the scripts and applications that are configured. */
  readonly required: boolean;
  /** Titles of the applications that would be held. */
  readonly held: readonly string[];
  /** Titles of databases that run now and that nothing of ours quiesces. */
  readonly unheld: readonly string[];
}

/**
 * The level that `levelOf` will give when nothing fails on the way, so that a promise and its outcome cannot disagree;
 * with the reason in the words of somebody who has not taken the snapshot yet.
 */
export function expectedConsistency(evidence: ExpectationEvidence): Expected {
  const { consistency } = levelOf({
    taken: !(evidence.required && faultsOf(evidence).length > 0),
    takeEndedAtMs: undefined,
    frozen: evidence.frozen.length > 0 ? 'all' : 'none',
    freezeLostAtMs: undefined,
    unfreezable: evidence.unfreezable,
    applications: applicationsOf(evidence),
    unheld: evidence.unheld,
    unfrozenData: [],
  });
  return { consistency, reason: REASONS[consistency](evidence) };
}

/** As the phases `prepare` and `quiesce` would state it afterwards. A broken post script alone holds nothing back. */
function applicationsOf(evidence: ExpectationEvidence): Evidence['applications'] {
  if (scriptsFail(evidence)) return 'failed';
  const { held, unheld, preScripts } = evidence;
  if (evidence.byVss === true && preScripts.length === 0) return 'verified';
  if (held.length > 0 && (unheld.length === 0 || preScripts.length === 0)) return 'verified';
  return preScripts.length > 0 ? 'script-only' : 'none';
}

const scriptsFail = ({ preScripts, fileFaults, scriptFaults }: ExpectationEvidence): boolean =>
  fileFaults.length > 0 || (preScripts.length > 0 && scriptFaults.length > 0);

const faultsOf = ({ fileFaults, scriptFaults }: ExpectationEvidence): readonly string[] => [
  ...fileFaults,
  ...scriptFaults,
];

const REASONS: Readonly<Record<Consistency, (evidence: ExpectationEvidence) => string>> = {
  none: (evidence) => `there is to be no snapshot without the scripts, and ${and(faultsOf(evidence))}`,
  crash: ({ frozen, whyNoneFrozen, unfreezable }) =>
    frozen.length === 0 ? `no file system would be frozen: ${whyNoneFrozen}` : `${and(unfreezable)} cannot be frozen`,
  'file-system': (evidence) => {
    if (scriptsFail(evidence)) return `the scripts cannot all run: ${and(faultsOf(evidence))}`;
    const { unheld, held } = evidence;
    const alone = `${and(unheld)} ${runs(unheld)}${held.length > 0 ? ' too' : ''} and nothing quiesces ${unheld.length === 1 ? 'it' : 'them'}`;
    if (held.length > 0) return `${and(held)} would be held, but ${alone}`;
    return unheld.length === 0 ? 'nothing is set up to hold applications' : alone;
  },
  application: ({ held, preScripts, unheld, byVss }) => {
    if (byVss === true && held.length + preScripts.length === 0) return 'the VSS writers would hold their applications';
    const holding = held.length > 0 ? `${and(held)} would be held` : `the pre scripts would run: ${and(preScripts)}`;
    if (unheld.length === 0) return holding;
    // The scripts may well see to it; quiescers that leave one out do not, and are worth less.
    return `${holding}; whether they hold ${and(unheld)} is for them to know`;
  },
};

const runs = ({ length }: readonly string[]): string => (length === 1 ? 'runs' : 'run');

const and = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
