import { type NamedOption, type Position, takesValue } from './positions.ts'

export function fish(positions: Position[]): string {
  const paths = positions.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`)
  return `# Completion of tollgate for fish: tollgate completion fish > ~/.config/fish/completions/tollgate.fish
function __tollgate_at
  set -l words (commandline -opc)
  set -e words[1]
  set -l at
  for word in $words
    switch (string join -- ' ' $at $word)
      case ${paths.join(' ')}
        set -a at $word
      case '*'
        break
    end
  end
  test "$at" = "$argv[1]"
end
complete -c tollgate -f
${positions.flatMap(linesOf).join('\n')}
`
}

function linesOf({ path, words, options, isFile }: Position): string[] {
  const at = `complete -c tollgate -n ${quoted(`__tollgate_at ${quoted(path)}`)}`
  return [
    ...words.map(({ word, about }) => `${at} -a ${word} -d ${quoted(about)}`),
    ...(isFile ? [`${at} -F`] : []),
    ...options.map(option => `${at} -l ${option.name}${valuesText(option)} -d ${quoted(option.about)}`),
  ]
}

function valuesText(option: NamedOption): string {
  const { values = [], isList } = option
  if (!takesValue(option)) return ''
  const list = `(__fish_complete_list , ${quoted(`printf '%s\\n' ${values.join(' ')}`)})`
  return values.length > 0 ? ` -x -a ${quoted(isList ? list : values.join(' '))}` : ' -x'
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
