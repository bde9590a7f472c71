import { type Position, type ValueOption, valueOptionsOf } from './positions.ts'

export function zsh(positions: Position[]): string {
  const { known, free } = valueOptionsOf(positions)
  const named = positions.filter(({ path }) => path !== '')
  return `#compdef tollgate
# Completion of tollgate for zsh. Add to ~/.zshrc after compinit: source <(tollgate completion zsh)
_tollgate() {
  local current="$PREFIX" previous="\${words[CURRENT-1]}" at= i
  local -a candidates options
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
      (${named.map(({ path }) => `'${path}'`).join('|')}) at="\${at:+$at }\${words[i]}" ;;
      (*) break ;;
    esac
  done
  if [[ $current == --*=* ]]; then
    previous="\${current%%=*}"
    compset -P '*='
  fi
  case "$at $previous" in
${known.map(valueCase).join('\n')}
    (${free.join('|')}) return ;;
  esac
  case "$at" in
${positions.map(positionCase).join('\n')}
  esac
  if [[ $current == -* || \${#candidates} == 0 ]]; then
    _describe option options
  else
    _describe command candidates
  fi
}
# As a file in fpath this script is the function itself.
if [[ \${funcstack[1]} == _tollgate ]]; then _tollgate "$@"; else compdef _tollgate tollgate; fi
`
}

function valueCase({ at, values, isList }: ValueOption): string {
  return `    (${at}) ${isList ? "compset -P '*,'; " : ''}compadd -- ${values.join(' ')}; return ;;`
}

function positionCase({ path, words, options, isFile }: Position): string {
  const candidates = words.map(({ word, about }) => quoted(`${word}:${about}`)).join(' ')
  const flags = options.map(({ name, about }) => quoted(`--${name}:${about}`)).join(' ')
  const files = isFile ? `[[ $current == -* ]] || { _files; return; }; ` : ''
  return `    ('${path}') ${files}candidates=(${candidates}) options=(${flags}) ;;`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
