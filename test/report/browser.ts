import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';

/** Why pages cannot be looked at here; false when they can. */
export const whyNoBrowser = (): string | false =>
  !existsSync(CHROMIUM) && `there is no ${CHROMIUM}: install it, or set QUIESCED_TEST_INSTALL=1`;

/** Alone with its page: no network, nothing of its own that it would do besides. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  readonly page: Page;
  /** The browser gone, with all that it kept. */
  close(): Promise<void>;
}

/** Debian's Chromium with a profile that nobody used before; it ends with this process too. */
export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'quiesced-chromium-'));
  let context: BrowserContext | undefined;
  const close = async () => {
    await context?.close();
    rmSync(profile, { recursive: true, force: true });
  };
  try {
    const options = { executablePath: CHROMIUM, headless: true, args: ARGUMENTS, offline: true, timeout: 120_000 };
    context = await chromium.launchPersistentContext(profile, options);
    // A busy machine takes its time to draw.
    context.setDefaultTimeout(120_000);
    return { page: context.pages()[0] ?? (await context.newPage()), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe-core objects to, in a line each. It is put in from outside: the page itself may run nothing. */
export async function objections(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}
