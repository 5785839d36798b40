//! JavaScript engines in a child process: V8 in Node.js or Deno, JavaScriptCore in Bun.
