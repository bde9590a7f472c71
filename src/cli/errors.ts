/** Errors that the command line prints, each with its exit code. */

export interface CliError extends Error {
  /** 1: the server refused or is not there. 2: wrongly used. */
  exitCode: 1 | 2
  /** HTTP status of the error response. */
  status?: number
  /** Faults of the request, by the administration's field names. */
  faults?: Fault[]
}

/** A field by the administration's name, such as `limits.requests.per`, and what is wrong with it. */
export interface Fault {
  field: string
  detail: string
}

export function refused(message: string, more: { status?: number; faults?: Fault[] } = {}): CliError {
  return Object.assign(new Error(message), { exitCode: 1 as const, ...more })
}

export function misused(message: string): CliError {
  return Object.assign(new Error(message), { exitCode: 2 as const })
}

export function isCliError(error: unknown): error is CliError {
  return error instanceof Error && 'exitCode' in error
}
