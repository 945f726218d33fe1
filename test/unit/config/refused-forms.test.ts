import t from 'tap';
import type { Refusals } from '../../fakes/config.ts';
import { refusesEach } from '../../fakes/config.ts';

/** What stands in `quiesced.conf`, and what is said about its form, its sections and its keys. */
const CASES: Refusals = {
  'unknown section, close to one': {
    text: '\n[snapshoot]\nx = 1\n',
    message: '2: [snapshoot]: is an unknown section',
    remedy: /Did you mean \[snapshot\]\?/,
  },
  'unknown section': {
    text: '[colour]',
    message: '1: [colour]: is an unknown section',
    remedy: /Sections are: snapshot, .*quiescer NAME/,
  },
  'section named after a property of every object': {
    text: '[constructor]\na = b',
    message: '1: [constructor]: is an unknown section',
    remedy: /Sections are/,
  },
  '__proto__ as a section': {
    text: '[__proto__]\nlevel = info',
    message: '1: [__proto__]: is an unknown section',
    remedy: /Sections are/,
  },
  'quiescer without a name': {
    text: '[quiescer]\nenabled = yes',
    message: '1: [quiescer]: is not a quiescer with a name',
    remedy: /\[quiescer NAME\]/,
  },
  'quiescer with a name that is none': {
    text: '[quiescer a/b]',
    message: '1: [quiescer a/b]: is not a quiescer with a name',
    remedy: /\[quiescer NAME\]/,
  },
  'a dot nests nothing': {
    text: '[snapshot.taker]\nx = 1',
    message: '1: [snapshot.taker]: is an unknown section',
    remedy: /Sections are/,
  },
  'unknown key, close to one': {
    text: '[snapshot]\nfrozen-dedline = 5s',
    message: '2: [snapshot] frozen-dedline: is an unknown key',
    remedy: /^Did you mean frozen-deadline\?$/,
  },
  'underscore for hyphen': {
    text: '[snapshot]\nFrozen_Deadline = 5s',
    message: '2: [snapshot] Frozen_Deadline: is an unknown key',
    remedy: /^Did you mean frozen-deadline\?$/,
  },
  'a key of another section': {
    text: '[log]\nfrozen-deadline = 5s',
    message: '2: [log] frozen-deadline: is an unknown key',
    remedy: /^It belongs in \[snapshot\]\.$/,
  },
  'unknown key': {
    text: '[scripts]\ncolour = red',
    message: '2: [scripts] colour: is an unknown key',
    remedy: /^Keys of \[scripts\] are: pre, post, qemu-hooks, vmware-scripts, timeout, retries\.$/,
  },
  'a key named after a property of every object': {
    text: '[log]\nconstructor = x',
    message: '2: [log] constructor: is an unknown key',
    remedy: /^Keys of \[log\] are: level\.$/,
  },
  'misspelt enabled of a quiescer': {
    text: '[quiescer pg]\nenable = no',
    message: '2: [quiescer pg] enable: is an unknown key',
    remedy: /^Did you mean enabled\?$/,
  },
  'the same key twice': {
    text: '[log]\nlevel = info\n\nlevel = info',
    message: '4: [log] level: is set twice; first in line 2',
    remedy: /Remove one/,
  },
  'the same key twice, in two halves of a section': {
    text: '[log]\nlevel = info\n[scripts]\nretries = 1\n[log]\nlevel = debug',
    message: '6: [log] level: is set twice; first in line 2',
    remedy: /Remove one/,
  },
  'unquoted semicolon': {
    text: '[scripts]\npre = /bin/a;b',
    message: '2: [scripts] pre: has an unquoted ; or # in its value',
    remedy: /double quotes/,
  },
  'comment behind a value': {
    text: '[scripts]\npre = /bin/a # mine',
    message: '2: [scripts] pre: has an unquoted ; or # in its value',
    remedy: /line of their own/,
  },
  'escaped semicolon': {
    text: '[scripts]\npre = /bin/a\\;b',
    message: '2: [scripts] pre: has an unquoted ; or # in its value',
    remedy: /double quotes/,
  },
  'comment behind a quoted value': {
    text: '[scripts]\npre = "/bin/a" # mine',
    message: '2: [scripts] pre: starts with a quote but does not end with the same one',
    remedy: /line of their own/,
  },
  'comment behind a section': {
    text: '[log] ; about lines\nlevel = x',
    message: '1: starts with [ but is not the name of a section in brackets',
    remedy: /line of their own/,
  },
  'section that does not end': {
    text: '[log',
    message: '1: starts with [ but is not the name of a section in brackets',
    remedy: /\[section\]/,
  },
  'section without a name': {
    text: '[ ]',
    message: '1: starts with [ but is not the name of a section in brackets',
    remedy: /\[section\]/,
  },
  'quotes around each item': {
    text: '[proxy]\nbypass = "a", "b"',
    message: '2: [proxy] bypass: is not correctly quoted',
    remedy: /double quotes/,
  },
  'a single quote alone': {
    text: "[scripts]\npre = '",
    message: '2: [scripts] pre: starts with a quote but does not end with the same one',
    remedy: /Quote the whole value/,
  },
  'a backslash that JSON does not know': {
    text: '[scripts]\npre = "/bin\\P"',
    message: '2: [scripts] pre: is not correctly quoted',
    remedy: /single quotes/,
  },
  'a backslash that becomes a line end': {
    text: '[scripts]\npre = "/bin\\new"',
    message: '2: [scripts] pre: is not correctly quoted',
    remedy: /single quotes/,
  },
  'half a character': {
    text: '[scripts]\npre = "/\\ud800"',
    message: '2: [scripts] pre: is not correctly quoted',
    remedy: /double quotes/,
  },
  'two backslashes, of which ini takes one': {
    text: '[quiescer a]\nshare = \\\\server\\x',
    message: '2: [quiescer a] share: would not be read as it is written, because of its quotes or backslashes',
    remedy: /double quotes/,
  },
  'JSON in single quotes': {
    text: `[quiescer a]\nshare = '{"toString": 1}'`,
    message: '2: [quiescer a] share: would not be read as it is written, because of its quotes or backslashes',
    remedy: /double quotes/,
  },
  'a number that JSON writes otherwise': {
    text: "[scripts]\nretries = '1e0'",
    message: '2: [scripts] retries: would not be read as it is written, because of its quotes or backslashes',
    remedy: /double quotes/,
  },
  'array brackets': {
    text: '[proxy]\nbypass[] = a',
    message: '2: [proxy]: is neither [section], key = value nor a comment',
    remedy: /key = value/,
  },
  '__proto__ as a key': {
    text: '[proxy]\n__proto__ = a',
    message: '2: [proxy]: is neither [section], key = value nor a comment',
    remedy: /key = value/,
  },
  'a line without sense': {
    text: '[proxy]\nhunter2 is my password',
    message: '2: [proxy]: is neither [section], key = value nor a comment',
    remedy: /key = value/,
  },
  'no key': {
    text: '[proxy]\n= yes',
    message: '2: [proxy]: is neither [section], key = value nor a comment',
    remedy: /key = value/,
  },
  'no equals sign': {
    text: '[freeze]\nexpedite',
    message: '2: [freeze] expedite: has no = and no value',
    remedy: /key = value/,
  },
  'no value': {
    text: '[freeze]\nexpedite =',
    message: '2: [freeze] expedite: has no value',
    remedy: /remove the line/,
  },
  'a key before any section': {
    text: 'level = info',
    message: '1: level: stands before the first section',
    remedy: /\[section\]/,
  },
  'a line that is too long': {
    text: `[log]\nlevel = ${'x'.repeat(9000)}`,
    message: '2: [log]: is longer than 8192 characters',
    remedy: /script/,
  },
  'a value too long to be shown': {
    text: `[log]\nlevel = ${'x'.repeat(81)}`,
    message: '2: [log] level: the value is not one of error, warn, info, debug',
    remedy: /info/,
  },
  'a secret in a place where none belongs': {
    text: '[log]\nlevel = http://me:hunter2@proxy',
    message: '2: [log] level: "http://me:[redacted]@proxy" is not one of error, warn, info, debug',
    remedy: /info/,
  },
  'NUL byte, even in a comment': {
    text: '[log]\n# a\0b\nlevel = x',
    message: '2: holds characters that are not printable, or not UTF-8',
    remedy: /UTF-8/,
  },
  'control character': {
    text: '[log]\nlevel = in\u001bfo',
    message: '2: [log]: holds characters that are not printable, or not UTF-8',
    remedy: /UTF-8/,
  },
  'line end of Unicode, at which ini drops the line': {
    text: '[log]\nlevel = in\u2028fo',
    message: '2: [log]: holds characters that are not printable, or not UTF-8',
    remedy: /UTF-8/,
  },
};

refusesEach(t, CASES);
