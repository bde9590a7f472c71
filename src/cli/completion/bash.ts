import { type Position, type ValueOption, valueOptionsOf } from './positions.ts'

/** The names of files may contain spaces. */
const FILES = `if [[ $current != -* ]]; then
      local IFS=$'\\n'
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
      return
    fi
    `

/** Works with bash 3.2 and later. */
export function bash(positions: Position[]): string {
  const { known, free } = valueOptionsOf(positions)
  const named = positions.filter(({ path }) => path !== '')
  return `# Completion of tollgate for bash. Add to ~/.bashrc: source <(tollgate completion bash)
_tollgate() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local at= words= options= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${named.map(({ path }) => `'${path}'`).join('|')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  # Bash splits --option=value at the equals sign.
  if [[ $current == '=' ]]; then
    current=
  elif [[ $previous == '=' ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  # The values of a list before the last comma.
  local list="\${current%"\${current##*,}"}"
  case "$at $previous" in
${known.map(valueCase).join('\n')}
    ${free.join('|')}) return ;;
  esac
  case "$at" in
${positions.map(positionCase).join('\n')}
  esac
  if [[ $current == -* || -z $words ]]; then words="$options"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _tollgate tollgate
`
}

function valueCase({ at, values, isList }: ValueOption): string {
  const words = `-W '${values.join(' ')}' --`
  const found = isList ? `-P "$list" ${words} "\${current##*,}"` : `${words} "$current"`
  return `    ${at}) COMPREPLY=($(compgen ${found})); return ;;`
}

function positionCase({ path, words, options, isFile }: Position): string {
  const flags = options.map(({ name }) => `--${name}`).join(' ')
  const candidates = words.map(({ word }) => word).join(' ')
  return `    '${path}') ${isFile ? FILES : ''}words='${candidates}'; options='${flags}' ;;`
}
