/**
 * Node's HTTP. An `import` of it would make every export of the module be looked up, and two of them load the whole of
 * fetch and WebSocket with it: 8 MB and 10 ms, in a process that stays and in every command.
 */
export const http = process.getBuiltinModule('node:http');
