/** The form of a row in the table of upstream types. */

import type { TargetEdits } from '../../dialects/dialect.ts'

/** How a request is authorized. */
export type Auth =
  /** As the format's own provider expects it: `x-api-key` or `authorization: Bearer`. */
  | 'format'
  | 'bearer'
  | 'api-key'
  /** A bearer key, or a signature (SigV4) of AWS credentials. */
  | 'aws'
  /** An access token of Google's credentials. */
  | 'google'
  /** A bearer key where one is configured. */
  | 'optional'

/** Values by the name of a dialect. */
type ByDialect<Fact> = Readonly<Record<string, Fact>>

export interface UpstreamType {
  /** The provider's name, for people. */
  title: string
  /** The page of the provider that the row was taken from, and the day of the last check. */
  source: string
  checked: string
  /** Without one, the file must give it. `{region}` and `{project}` stand for the upstream's options. */
  baseUrl?: string
  /** Base URLs of the regions with a host of their own form. */
  baseUrls?: Readonly<Record<string, string>>
  auth: Auth
  /** The name of the service in AWS signatures, by a part of the host's name between dots. The first is the default. */
  services?: Readonly<Record<string, string>>
  /**
   * The makers whose models it serves by their own names, besides the models of the public price list that its provider
   * sells. Undefined: any model. Empty: only models of the list.
   */
  makers?: readonly string[]
  /** The makers of a dialect that serves fewer of them. */
  makersByDialect?: ByDialect<readonly string[]>
  /** The path of each dialect that it speaks. `{model}`, `{region}` and `{project}` stand for their values. */
  paths: ByDialect<string>
  /** The path of a dialect's streams, if it is another. */
  streamPaths?: ByDialect<string>
  /** Path of its model list. Undefined: it has none. */
  modelsPath?: string
  /** Replacements that make its name of a model from the model's own name. The file's `models` come first. */
  names?: ByDialect<readonly (readonly [pattern: RegExp, replacement: string])[]>
  /** What the body of a request needs. */
  edits?: ByDialect<TargetEdits>
  /** Headers and parameters of the query that it does not know. */
  withoutHeaders?: readonly string[]
  withoutQuery?: readonly string[]
  quirks: Quirks
}

/** How its chat API differs from OpenAI's. */
export interface Quirks {
  /** The name of the output limit in chat requests. Undefined: as the dialect chooses it by the model. */
  outputLimit?: 'max_tokens' | 'max_completion_tokens'
  /** True: it refuses or ignores the other name, so the caller's limit is renamed. */
  onlyOutputLimit?: boolean
  /** True: it refuses `stream_options`, so a stream's usage is not asked for. It must come anyway. */
  refusesStreamOptions?: boolean
  /** True: a stream may end without `[DONE]`. */
  withoutDone?: boolean
  /** Members of its usage, or of a chunk, that OpenAI's does not have. */
  usage?: readonly string[]
  /** Further facts of its usage and its streams, for the documentation. */
  notes?: readonly string[]
}
