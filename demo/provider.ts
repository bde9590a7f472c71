/** The demo's provider, simulated by `@copilotkit/aimock`, which has the formats of both providers and costs nothing. */

import { LLMock } from '@copilotkit/aimock'

/** Tokens of a response, by the first pattern that matches the prompt. */
export type Usages = [prompt: RegExp, input: number, output: number][]

export async function startProvider(
  usages: Usages = [[/.*/, 24, 12]],
): Promise<{ url: string; stop(): Promise<void> }> {
  const provider = new LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' })
  // Without this, aimock reports no usage on Anthropic's routes.
  for (const [prompt, input, output] of usages)
    provider.onMessage(prompt, {
      content: 'A toll gate is where you pay before you pass.',
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    })
  await provider.start()
  return { url: provider.url, stop: () => provider.stop() }
}
