import t from 'tap';
import { languageOf } from '../../../agent/checks/apps-shebang.ts';
import { bashisms } from '../../../agent/checks/scripts-bashisms.ts';
import { array, assert, constantFrom, property, string } from '../../fast-check.ts';

const kinds = (script: string): readonly string[] => bashisms(script).map(({ line, what }) => `${line}: ${what}`);

/** An expansion is written `§{…}` here: the linter takes it for a template that somebody forgot to make one. */
const asIs = (line: string): string => line.replaceAll('§', '$');
const EXPANSION = asIs('§{x//y}');

t.test('what sh does not know', async (t) => {
  for (const line of [
    '[[ -n $x ]]',
    'if [[ -n $x ]]; then',
    'x=1; [[ $x ]] && y',
    '((x++))',
    '[ "$a" == "$b" ]',
    'function stop {',
    'declare -A map',
    'let x=1',
    'source /etc/default/db',
    'set -euo pipefail',
    'set -o pipefail',
    'names=(a b)',
    'names+=(c)',
    'read x <<< "$y"',
    'diff <(a) <(b)',
    'mysql &>/dev/null',
    'mysql &>> log',
    'a |& b',
    'echo "§{x//a/b}"',
    'echo "§{x^^}"',
    'echo "§{x:0:3}"',
    'echo "§{!x}"',
    'echo "§{x[0]}"',
    'echo "$BASH_SOURCE"',
    'echo "§{PIPESTATUS[0]}"',
  ]) {
    t.not(bashisms(`#!/bin/sh\n${asIs(line)}\n`).length, 0, line);
  }
});

t.test('what it knows', async (t) => {
  for (const line of [
    '[ "$a" = "$b" ]',
    '[ "$a" != "$b" ] && exit 1',
    'x=$((x + 1))',
    '. /etc/default/db',
    'set -eu',
    'stop() {',
    'echo "§{x:-none}" "§{x:=y}" "§{x%%.*}" "§{x#a}" "§{#x}"',
    'mysql >/dev/null 2>&1 &',
    'a & b',
    'a && b || c',
    'cat <<EOF >file',
    "awk '{ if ($1 == 2) a[[1]] = 3; }' <file",
    '# source this, or [[ not ]]',
    'echo \'function x\' "resource"',
    'resource x',
    'x="a=b"',
    'case $1 in freeze) stop ;; esac',
    '(cd /tmp && ls)',
    'y=$( (a) )',
  ]) {
    t.strictSame(kinds(`#!/bin/sh\n${asIs(line)}\n`), [], line);
  }
});

t.test('where', async (t) => {
  t.strictSame(kinds('#!/bin/sh\n\nx=(1)\ny=(2)\n[[ x ]]\n'), ['3: an array', '5: [[ … ]]'], 'each kind once');
  t.strictSame(kinds("cat <<'EOF'\n[[ x ]]\nEOF\n[[ y ]]\n"), ['4: [[ … ]]'], 'not in a here-document');
  t.strictSame(kinds("awk '\n[[ x ]]\n' file\n[[ y ]]\n"), ['4: [[ … ]]'], 'not in single quotes over lines');
});

t.test('comments hide anything', async (t) => {
  assert(
    property(array(string({ unit: 'binary' }).map((text) => `# ${text.replace(/[\r\n]/g, ' ')}`)), (lines) => {
      return bashisms(lines.join('\n')).length === 0;
    }),
  );
  t.pass();
});

t.test('lines are those of the file, whatever stands in it', async (t) => {
  const piece = constantFrom('[[ x ]]', "'", '"', '\n', '<<EOF', 'EOF', '#', '\\', ' ', 'a=(', EXPANSION, '\r\n');
  assert(
    property(array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const lines = text.split('\n').length;
      return bashisms(text).every(({ line }) => line >= 1 && line <= lines);
    }),
  );
  t.pass();
});

t.test('a script that is one long line takes no time', async (t) => {
  const startMs = performance.now();
  for (const piece of ['[ a ', 'then ', '; ', 'x=', '[ ==', '${x', '((', '&']) bashisms(piece.repeat(200_000));
  t.ok(performance.now() - startMs < 20_000);
});

t.test('which language a first line asks for', async (t) => {
  for (const [line, language] of [
    ['#!/bin/sh', 'sh'],
    ['#!/bin/sh -e', 'sh'],
    ['#! /usr/bin/env bash', 'bash'],
    ['#!/usr/bin/env -S bash -eu', 'bash'],
    ['#!/usr/bin/python3', 'python3'],
    ['#!/usr/bin/env perl', 'perl'],
    ['echo', 'sh'],
    ['', 'sh'],
  ] as const) {
    t.equal(languageOf(line), language, line);
  }
});
