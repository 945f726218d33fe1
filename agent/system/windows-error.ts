/** What a call of Windows failed with. The number is in winerror.h; its text would be in the user's language. */
export class WindowsError extends Error {
  readonly windowsCode: number;

  constructor(what: string, code: number) {
    super(`${what}: error ${code} of Windows`);
    this.name = 'WindowsError';
    this.windowsCode = code;
  }
}

export const windowsError = (what: string, code: number): WindowsError => new WindowsError(what, code);

/** winerror.h, those that mean something to us. */
export const WINDOWS = {
  fileNotFound: 2,
  pathNotFound: 3,
  accessDenied: 5,
  sharingViolation: 32,
  lockViolation: 33,
  alreadyExists: 183,
  pipeBusy: 231,
} as const;
