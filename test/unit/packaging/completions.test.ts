import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { GROUPS } from '../../../agent/checks/check.ts';
import { COMMANDS, FORMATS } from '../../../agent/cli/table.ts';
import { bashCompletion } from '../../../packaging/completions/bash.ts';
import { fishCompletion } from '../../../packaging/completions/fish.ts';
import { type Offered, offered } from '../../../packaging/completions/offered.ts';
import { zshCompletion } from '../../../packaging/completions/zsh.ts';

const folder = mkdtempSync(join(tmpdir(), 'quiesced-completion-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'quiesced'), bashCompletion(offered()));

/** What a real bash offers for the last of these words. */
function offeredFor(...words: readonly string[]): readonly string[] {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    compopt() { COMPREPLY+=("compopt $*"); }
    _quiesced; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const argv = ['--norc', '-c', script, 'bash', join(folder, 'quiesced'), 'quiesced', ...words];
  return execFileSync('bash', argv, { encoding: 'utf8' }).trimEnd().split('\n');
}

const shown = COMMANDS.filter(({ hidden }) => hidden !== true).map(({ name }) => name);

t.test('bash: every command that is for people, and none of our own', async (t) => {
  t.strictSame([...offeredFor('')].sort(), [...shown, '--health', '--help', '--version'].sort());
  t.strictSame(offeredFor('reh'), ['rehearse']);
  t.strictSame(offeredFor('sandbox-w'), ['']);
});

t.test('bash: flags, words and values of a command', async (t) => {
  t.strictSame(offeredFor('check', '--v'), ['--verbose']);
  t.ok(offeredFor('service', '').includes('uninstall'));
  t.ok(offeredFor('integrate', 'q').includes('qemu-guest-agent'));
  t.strictSame(offeredFor('check', '--format', ''), FORMATS);
  t.strictSame(offeredFor('check', '--group', ''), Object.keys(GROUPS));
  t.strictSame(offeredFor('freeze', '--mount', ''), ['compopt -o default'], 'the name of a file');
  t.strictSame(offeredFor('freeze', '--for', ''), [''], 'nobody knows');
  t.strictSame(offeredFor('snapshot', '--', '/usr/l'), ['compopt -o default'], "another program's words");
  t.strictSame(offeredFor('nonsense', ''), ['']);
});

const AWKWARD: readonly Offered[] = [
  {
    name: 'it',
    about: "What's it: [all] of \\it",
    verbs: { on: "It's on" },
    flags: [
      { name: 'much', about: "Don't [0:9]", value: ['a', 'b'] },
      { name: 'path', about: 'Where', value: 'file' },
      { name: 'long', about: 'How long', value: 'free' },
    ],
  },
];

t.test('zsh: a name, a description, and what follows', async (t) => {
  const text = zshCompletion(AWKWARD);
  t.match(text, /^#compdef quiesced\n/);
  t.match(text, "'it:What'\\''s it: [all] of \\it'");
  t.match(text, "'1:what:(on)'");
  t.match(text, "'*--much[Don'\\''t \\[0\\:9\\]]:value:(a b)'");
  t.match(text, "'*--path[Where]:file:_files'");
  t.match(text, "'*--long[How long]:value: '");
});

t.test('fish: the same, one a line', async (t) => {
  const text = fishCompletion(AWKWARD);
  t.match(text, "-n __fish_use_subcommand -a it -d 'What\\'s it: [all] of \\\\it'\n");
  t.match(text, "-n '__fish_seen_subcommand_from it' -a on -d 'It\\'s on'\n");
  t.match(text, "-l much -x -a 'a b' -d 'Don\\'t [0:9]'\n");
  t.match(text, "-l path -r -F -d 'Where'\n");
  t.match(text, "-l long -x -d 'How long'\n");
});
