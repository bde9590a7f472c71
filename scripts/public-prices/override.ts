/** What replaces a known fault of the list. */

export type Override =
  /** The model is left out: a call for it is refused, because it has no price. */
  | { leaveOut: true }
  /** These names of the model are left out. */
  | { withoutNames: readonly string[] }
  /** Names that the list gives to another model or to none. */
  | { alsoNamed: readonly string[] }
  /** The context window, in tokens. */
  | { contextWindow: number }
  /** The most output tokens of a response. */
  | { maxOutput: number }
  /** A cache write price below the input price is for storage only. The tokens also cost the input price. */
  | { writeIsStorage: true }
  /** All prices double for calls with more input tokens than this. */
  | { doublesAbove: number }

export interface KnownFault {
  names: RegExp
  override: Override
  why: string
}
