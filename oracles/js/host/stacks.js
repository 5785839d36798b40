// Call stacks: the runtime's own call sites, as they are. `src/stacks.rs` says what they mean.

const MOMENT_HOST_CALL = 0;
const MOMENT_TRAP = 1;

// How many frames are told at most, those of this script among them: `src/stacks.rs` knows, too.
const STACK_FRAMES = 1100;

const usualStackFrames = Error.stackTraceLimit;
const usualStackText = Error.prepareStackTrace;

let stacksAsked = false;
let stacks = [];

// With a function of ours for the text, the sites themselves are what `stack` gives.
function askForStacks(asked) {
  stacksAsked = asked;
  stacks = [];
  Error.stackTraceLimit = asked ? STACK_FRAMES : usualStackFrames;
  Error.prepareStackTrace = asked ? (_, sites) => sites : usualStackText;
}

// Keeps the sites of an error, where they are asked for. The host's own trap has a frame of WebAssembly
// that is no frame of the program.
function keepStack(moment, error) {
  if (!stacksAsked) return;
  const sites = error.stack;
  if (!Array.isArray(sites)) throw misuse("an error has no call sites");
  stacks.push({ moment, ours: error === hostTrap ? 1 : 0, sites: sites.map(siteOf) });
}

// V8 tells the function's index in place of a function of JavaScript's, and the offset in the module;
// JavaScriptCore has the index in the name.
function siteOf(site) {
  return {
    file: String(site.getFileName() ?? ""),
    name: String(site.getFunctionName() ?? ""),
    index: numberOf(site.getFunction()),
    position: numberOf(site.getPosition?.()),
  };
}

function numberOf(value) {
  return typeof value === "number" ? value : -1;
}

// Writes the stacks and starts anew.
function putStacks() {
  put32(stacks.length);
  for (const { moment, ours, sites } of stacks) {
    put8(moment);
    put8(ours);
    put32(sites.length);
    for (const { file, name, index, position } of sites) {
      putText(file);
      putText(name);
      put32(index);
      put32(position);
    }
  }
  stacks = [];
}
