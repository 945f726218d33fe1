import { allChecks } from '../../agent/checks/all.ts';
import { type AzureCode, WRITTEN_CODES } from '../../agent/checks/azure-codes.ts';
import { AZURE_CODES } from '../../agent/checks/azure-explained.ts';
import { anchor, plain, remedyLines } from './checks.ts';

/** The part of docs/troubleshooting.md that comes from the table behind `quiesced explain`. */
export const codesPart = (): string =>
  [
    ...WRITTEN_CODES.flatMap(codeLines),
    '### Other numbers',
    '',
    "Of these only what the extension's sources say is known; its own log says more.",
    '',
    '| number | meaning |',
    '|---|---|',
    ...AZURE_CODES.filter((code) => !WRITTEN_CODES.includes(code)).map(
      ({ codes, meaning }) => `| ${codes.join(', ')} | ${plain(meaning)} |`,
    ),
    '',
  ].join('\n');

const codeLines = ({ codes, meaning, causes, checks, remedy, source }: AzureCode): readonly string[] => [
  `### ${codes[0]}`,
  '',
  ...(codes.length === 1
    ? []
    : [
        `Also: ${codes
          .slice(1)
          .map((code) => `\`${code}\``)
          .join(', ')}`,
        '',
      ]),
  `${plain(sentence(meaning))} Usual causes:`,
  '',
  ...causes.map((cause) => `- ${plain(cause)}`),
  '',
  `Checks that look for them: ${checks.map(checkLink).join(', ')}`,
  '',
  ...remedyLines(remedy),
  '',
  `Source: ${source}`,
  '',
];

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Some are of Windows, and not there yet. */
const checkLink = (id: string): string =>
  allChecks.some((check) => check.id === id) ? `[${id}](checks.md#${anchor(id)})` : id;
