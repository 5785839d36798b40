// The loop: a frame holds commands, carried out in order, each with one record in the reply. The
// instance lives until the next is made. The steps are those of `crates/engine/src/drive.rs`.

const COMMAND_HELLO = 1;
const COMMAND_INSTANTIATE = 2;
const COMMAND_CALL = 3;
const COMMAND_STEP = 4;
const COMMAND_DIGEST = 5;
const COMMAND_READ = 6;
const COMMAND_TRACE = 7;

const RECORD_FAULT = 0;

const OUTCOME_RETURNED = 0;
const OUTCOME_ROW = 1;
const OUTCOME_THREW = 2;
const OUTCOME_REJECTED_COMPILE = 3;
const OUTCOME_REJECTED_LINK = 4;
const OUTCOME_HOST_TRAP = 5;

// JavaScriptCore appends the expression that it was evaluating. These are all there are here;
// what it makes of a program's own frames is nothing.
const SITES = [
  " (evaluating 'callee(...args)')",
  " (evaluating 'callee(...action.args)')",
  " (evaluating 'new WebAssembly.Instance(compiled, imports)')",
];

// From the engine's exact text, class first, to the row of the table and whether it ends the run.
let rows = new Map();

// Of the current program.
let memories = 0;
let tags = [];
let observeKinds = [];
// Set by an outcome after which nothing is comparable.
let over = false;

// Milliseconds spent in WebAssembly, at the head of each reply.
let compiling = 0;
let instantiating = 0;
let calling = 0;
const SPENT_BYTES = 24;

let error = null;
let results = undefined;

function hello() {
  rows = new Map();
  for (let index = 0, count = take32(); index < count; index++) {
    const text = takeText();
    rows.set(text, { index, ends: take8() === 1 });
  }
  const { bun, deno, node, v8, webkit } = process.versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
  putText(runtime);
  putText(bun ? webkit : v8);
}

function instantiate() {
  const observes = take8() === 1;
  const typed = take8() === 1;
  memories = take32();
  tags = takeList(() => ({ kinds: takeKinds(), payload: takeKinds(), tag: null }));
  observeKinds = takeKinds();
  seed = take32();
  functions = takeList(takeFunction);
  over = false;
  depth = 0;
  trace = [];
  mainExports = null;
  const made = instantiateModules(takeList(() => ({ name: takeText(), bytes: takeBytes() })));
  if (made !== null && !typed) throw misuse("the engine takes a module that the adapter cannot read");
  if (made !== null) {
    put8(OUTCOME_RETURNED);
    put32(0);
    mainExports = made;
    for (let i = 0; i < tags.length; i++) tags[i].tag = exported(`assay:tag:${i}`);
  } else {
    putError(true);
    over = true;
  }
  putTrace();
  put8(made !== null && observes ? 1 : 0);
  if (made !== null && observes) putState();
}

// The exports of the last module, or null, and then `error` says why.
function instantiateModules(modules) {
  const imports = Object.create(null);
  let made = null;
  for (const [index, { name, bytes }] of modules.entries()) {
    if (index === modules.length - 1) imports["assay:host"] = hostImports();
    made = instantiateModule(bytes, imports);
    if (made === null) return null;
    imports[name] = made;
  }
  return made;
}

function instantiateModule(bytes, imports) {
  begin();
  const start = performance.now();
  let middle = 0;
  let instance = null;
  try {
    const compiled = new WebAssembly.Module(bytes);
    middle = performance.now();
    instance = new WebAssembly.Instance(compiled, imports);
  } catch (thrown) {
    error = thrown;
  }
  const stop = performance.now();
  compiling += (middle || stop) - start;
  instantiating += stop - (middle || stop);
  return finish() && instance !== null ? instance.exports : null;
}

// Calls; whether it returned. Then `results` are what it returned, else `error` is why not.
function attempt(callee, args) {
  begin();
  const start = performance.now();
  let returned = false;
  try {
    results = callee(...args);
    returned = true;
  } catch (thrown) {
    error = thrown;
  }
  calling += performance.now() - start;
  return finish() && returned;
}

function begin() {
  depth = 0;
  hostTrap = null;
  hostExhausted = null;
  pendingFault = null;
}

// False when a host function ended the program, whatever the module made of it.
function finish() {
  if (pendingFault !== null) throw pendingFault;
  if (hostExhausted !== null) error = hostExhausted;
  return hostExhausted === null;
}

function callable(name) {
  if (mainExports === null) throw misuse("there is no instance");
  const callee = exported(name);
  if (typeof callee !== "function") throw misuse(`export ${JSON.stringify(name)} is no function`);
  return callee;
}

// Writes the outcome that `error` stands for; whether it ends the run.
function putError(making) {
  if (error === hostTrap) {
    put8(OUTCOME_HOST_TRAP);
    return false;
  }
  if (error instanceof WebAssembly.Exception) {
    putException();
    return false;
  }
  const text = `${error.name}: ${error.message}`;
  const row = rowOf(text);
  if (row !== undefined) {
    put8(OUTCOME_ROW);
    put32(row.index);
    return row.ends;
  }
  if (making && error instanceof WebAssembly.CompileError) {
    put8(OUTCOME_REJECTED_COMPILE);
  } else if (making && (error instanceof WebAssembly.LinkError || error instanceof TypeError)) {
    put8(OUTCOME_REJECTED_LINK);
  } else {
    throw new Fault(FAULT_UNKNOWN_TEXT, text);
  }
  return false;
}

// The row of a text: as it is, or with each run of digits written `#`, where a message names an
// address or a size.
function rowOf(text) {
  for (const site of SITES) {
    if (text.endsWith(site)) text = text.slice(0, -site.length);
  }
  return rows.get(text) ?? rows.get(text.replace(/[0-9]+/g, "#"));
}

function putException() {
  const index = tags.findIndex(({ tag }) => tag !== null && error.is(tag));
  put8(OUTCOME_THREW);
  put32(index);
  if (index < 0) {
    put32(0);
    return;
  }
  const { kinds, tag } = tags[index];
  if (kinds.includes(KIND_V128) || kinds.includes(KIND_EXN)) {
    throw misuse(`the uncaught tag ${index} carries what JavaScript cannot see`);
  }
  putValues(kinds, kinds.map((_, field) => error.getArg(tag, field)));
}

// One call as it is, for a caller that observes by itself; false when it was not made, because a
// command of the same frame ended the run.
function call() {
  const name = takeText();
  const args = takeValues();
  const kinds = takeKinds();
  if (over) return false;
  if (!attempt(callable(name), args)) {
    over = putError(false);
  } else {
    put8(OUTCOME_RETURNED);
    putResults(kinds, results, kinds.length);
  }
  return true;
}

// One call with all that is observed of it; false when it was not made.
function step() {
  const name = takeText();
  const args = takeValues();
  const kinds = takeKinds();
  const catches = take8() === 1;
  if (over) return false;
  if (!attempt(callable(name), args)) {
    over = putError(false);
  } else if (catches) {
    putCaught(kinds);
  } else {
    put8(OUTCOME_RETURNED);
    putResults(kinds, results, kinds.length);
  }
  putTrace();
  put8(over ? 0 : 1);
  if (!over) putState();
  return true;
}

// Turns the status slot of a catching shim into an outcome.
function putCaught(kinds) {
  const last = kinds.length - 1;
  if (kinds[last] !== KIND_I32) throw misuse("a catching shim gave no status");
  const status = last === 0 ? results : results[last];
  if (status === 0) {
    put8(OUTCOME_RETURNED);
    putResults(kinds, results, last);
  } else if (status === -1) {
    put8(OUTCOME_THREW);
    put32(-1);
    put32(0);
  } else {
    putPayload((status - 1) >>> 0);
  }
}

function putPayload(tag) {
  if (tag >= tags.length) throw misuse(`a catching shim gave tag ${tag} of ${tags.length}`);
  const kinds = tags[tag].payload;
  if (!attempt(callable(`assay:payload:${tag}`), [])) {
    over = putError(false);
    return;
  }
  put8(OUTCOME_THREW);
  put32(tag);
  putResults(kinds, results, kinds.length);
}

function putState() {
  put32(memories);
  for (let index = 0; index < memories; index++) putDigest(index);
  if (!attempt(callable("assay:observe"), [])) throw misuse(`cannot observe: ${error}`);
  putResults(observeKinds, results, observeKinds.length);
}

function memoryBytes(index) {
  if (mainExports === null) throw misuse("no instance to read memory of");
  return new Uint8Array(exported(`assay:memory:${index}`).buffer);
}

function putDigest(index) {
  const bytes = memoryBytes(index);
  putF64(bytes.length);
  put32(sumOf(index, bytes));
}

// Whether there is anything to say of it; the record's code has been written.
function carryOut(command) {
  switch (command) {
    case COMMAND_HELLO:
      hello();
      return true;
    case COMMAND_INSTANTIATE:
      instantiate();
      return true;
    case COMMAND_CALL:
      return call();
    case COMMAND_STEP:
      return step();
    case COMMAND_DIGEST:
      putDigest(take32());
      return true;
    case COMMAND_READ:
      putBytes(memoryBytes(take32()));
      return true;
    case COMMAND_TRACE:
      putTrace();
      return true;
    default:
      throw misuse(`there is no command ${command}`);
  }
}

// Carries out the commands of one frame.
function answer() {
  let start = length;
  try {
    while (at < end) {
      start = length;
      const command = take8();
      put8(command);
      if (!carryOut(command)) length = start;
    }
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    length = start;
    put8(RECORD_FAULT);
    put8(fault.kind);
    putText(fault.text);
  }
}

// Where memory runs out for the whole machine, we should be the one to go.
try {
  writeFileSync("/proc/self/oom_score_adj", "1000");
} catch {
  // Not Linux, or not allowed: then the system chooses by itself.
}

while (readFrame()) {
  startReply();
  length += SPENT_BYTES;
  compiling = instantiating = calling = 0;
  over = false;
  answer();
  outputView.setFloat64(HEADER_BYTES, compiling, true);
  outputView.setFloat64(HEADER_BYTES + 8, instantiating, true);
  outputView.setFloat64(HEADER_BYTES + 16, calling, true);
  sendReply();
}
process.exit(0);
