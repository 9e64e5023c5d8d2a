/** esbuild bundles shell scripts as their text. */
declare module '*.sh' {
  const text: string;
  export default text;
}
