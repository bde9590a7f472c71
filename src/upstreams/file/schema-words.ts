/** What the schemas of UPSTREAMS_FILE share. `expected` is for faults, `description` for editors and documents. */

export const strict = { additionalProperties: false }
export const words = (expected: string, description: string) => ({ expected, description })

export const NAME = '^[a-z0-9][a-z0-9._-]{0,62}$'
export const named = 'a name of lower-case letters, digits, ".", "_" and "-", at most 63'
/** The letters of model names. `*` stands for any text, and there is no other wildcard. */
export const MODEL = '^[A-Za-z0-9._:/@+~*[\\]-]+$'
export const modelName = 'the name of a model, in which only * is a wildcard'
