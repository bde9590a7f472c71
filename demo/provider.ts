/** The demo's provider: simulated by `@copilotkit/aimock`, which speaks both makers' wire formats and costs nothing. */

import { LLMock } from '@copilotkit/aimock'

/** Tokens of an answer, by what the prompt looks like; the first that fits. */
export type Usages = [prompt: RegExp, input: number, output: number][]

export async function startProvider(
  usages: Usages = [[/.*/, 24, 12]],
): Promise<{ url: string; stop(): Promise<void> }> {
  const provider = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
  // Usage of its own: it reports none on Anthropic's routes unless it is told to.
  for (const [prompt, input, output] of usages)
    provider.onMessage(prompt, {
      content: 'A toll gate is where you pay before you pass.',
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    })
  await provider.start()
  return { url: provider.url, stop: () => provider.stop() }
}
