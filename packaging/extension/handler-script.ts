/**
 * `enable.cmd` and so on: what the agent of Windows runs for a verb. The folder of the version is told by an argument,
 * because nothing says in which folder it is run. Nobody else's settings for Node are for this one.
 */
export const handlerScript = (verb: string): string =>
  [
    '@echo off',
    'setlocal',
    'set NODE_OPTIONS=',
    'set NODE_PATH=',
    `"%~dp0..\\program\\node.exe" "%~dp0..\\program\\lib\\handler.mjs" ${verb} --folder "%~dp0.."`,
    '',
  ].join('\r\n');
