/** Errors of the command line, each with its exit code. */

import type { Fault } from '../admin/bodies.ts'

export interface CliError extends Error {
  /** 1: the gateway refused the request or is not reachable. 2: the command line is wrong. */
  exitCode: 1 | 2
  /** HTTP status of the error response. */
  status?: number
  /** Faults of the request, by the API's field names. */
  faults?: Fault[]
}

export function requestError(message: string, more: { status?: number; faults?: Fault[] } = {}): CliError {
  return Object.assign(new Error(message), { exitCode: 1 as const, ...more })
}

export function usageError(message: string): CliError {
  return Object.assign(new Error(message), { exitCode: 2 as const })
}

export function isCliError(error: unknown): error is CliError {
  return error instanceof Error && 'exitCode' in error
}
