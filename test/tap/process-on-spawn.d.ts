declare module 'process-on-spawn' {
  type Listener = (child: { env: NodeJS.ProcessEnv }) => void
  const processOnSpawn: { addListener(listener: Listener): void; prependListener(listener: Listener): void }
  export default processOnSpawn
}
