/**
 * The upstreams that the environment can name if UPSTREAMS_FILE is not set. A row gives an upstream its two variables
 * (`NAME_API_KEY`, `NAME_BASE_URL`); its name is also its type.
 */

export interface UpstreamSettings {
  /** In the log, metrics and the admin API; in capitals, the start of its variables. */
  name: 'ezai' | 'anthropic' | 'openai'
  /** The base URL unless `NAME_BASE_URL` is set. */
  baseUrl: string
  /** Descriptions of its two variables. */
  keyDescription: string
  urlDescription: string
}

export const upstreams: readonly UpstreamSettings[] = [
  {
    name: 'ezai',
    baseUrl: 'https://ezaiapi.com',
    keyDescription: "Key of EzAI's unified API, the default upstream for every model",
    urlDescription: "EzAI's address",
  },
  {
    name: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    keyDescription: "Anthropic's key; where set, claude-* models go straight there",
    urlDescription: "Anthropic's address",
  },
  {
    name: 'openai',
    baseUrl: 'https://api.openai.com',
    keyDescription: "OpenAI's key; where set, OpenAI's models go straight there",
    urlDescription: "OpenAI's address",
  },
]

export type KeyVariable = `${string}_API_KEY`
export type UrlVariable = `${string}_BASE_URL`
/** The values of the variables of all rows. */
export type UpstreamVariables = { [key: KeyVariable]: string | undefined } & { [url: UrlVariable]: string }

export const keyVariable = ({ name }: { name: string }): KeyVariable => `${name.toUpperCase()}_API_KEY`
export const urlVariable = ({ name }: { name: string }): UrlVariable => `${name.toUpperCase()}_BASE_URL`

/** The key of each upstream, by its variable. */
export function upstreamKeys(config: UpstreamVariables): Record<KeyVariable, string | undefined> {
  return Object.fromEntries(upstreams.map(keyVariable).map(name => [name, config[name]]))
}

/** The upstreams with a key in this configuration, each at its configured address. */
export function configuredUpstreams(config: UpstreamVariables): UpstreamSettings[] {
  return upstreams
    .filter(upstream => config[keyVariable(upstream)] !== undefined)
    .map(upstream => ({ ...upstream, baseUrl: config[urlVariable(upstream)] ?? upstream.baseUrl }))
}
