// The loop: a frame holds commands, carried out in order, each with one record in the reply. The
// instance lives until the next is made. The steps are those of `crates/engine/src/drive.rs`.

const COMMAND_HELLO = 1;
const COMMAND_INSTANTIATE = 2;
const COMMAND_CALL = 3;
const COMMAND_STEP = 4;
const COMMAND_DIGEST = 5;
const COMMAND_READ = 6;
const COMMAND_TRACE = 7;
const COMMAND_PERFORM = 8;

// The actions of a script.
const PERFORM_COMPILE = 0;
const PERFORM_INSTANTIATE = 1;
const PERFORM_CALL = 2;

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

// From the engine's exact text, class first, to the row of the table and whether it is exhaustion.
let rows = new Map();

// Of the current program.
let memoryCount = 0;
let tags = [];
// The shim, as `crates/engine/src/shim.rs` has it, and how to look with it; null without one.
let shim = null;
// Of the current instance: its memories, where they have been asked for.
let memories = [];
// The modules of the program run last, with their bytes, and how often it had been run before.
const kept = [];
let runsBefore = 0;
// What the last call or step was of. The next one says of what it is only where that is another.
let target = null;

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
    rows.set(text, { index, exhausts: take8() === 1 });
  }
  const { bun, deno, node, v8, webkit } = process.versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
  putText(runtime);
  putText(bun ? webkit : v8);
}

function instantiate() {
  const observes = take8() === 1;
  askForStacks(take8() === 1);
  const typed = take8() === 1;
  memoryCount = take32();
  tags = takeList(() => ({ kinds: takeKinds(), tag: null }));
  shim = take8() === 1 ? takeShim() : null;
  seed = take32();
  functions = takeList(takeFunction);
  depth = 0;
  fresh = 0;
  requests = 0;
  runsBefore++;
  trace = [];
  mainExports = null;
  memories = [];
  const made = instantiateModules(takeList(() => ({ name: takeText(), bytes: takeBytes() })));
  if (made !== null && !typed) throw misuse("the engine takes a module that the adapter cannot read");
  if (made !== null) {
    put8(OUTCOME_RETURNED);
    put32(0);
    mainExports = made;
    for (let i = 0; i < tags.length; i++) tags[i].tag = exported(`assay:tag:${i}`);
  } else {
    putError(true);
  }
  putTrace();
  put8(made !== null && observes ? 1 : 0);
  if (made !== null && observes) putState(look());
}

function takeShim() {
  return { target: takeTarget(), args: takeValues(), results: take32(), state: take32() };
}

// The exports of the last module, or null, and then `error` says why.
function instantiateModules(modules) {
  const imports = Object.create(null);
  let made = null;
  for (const [index, { name, bytes }] of modules.entries()) {
    if (index === modules.length - 1) imports["assay:host"] = hostImports();
    made = instantiateModule(keptModule(index, bytes), imports);
    if (made === null) return null;
    imports[name] = made;
  }
  return made;
}

// The exports of an instance, or null, and then `error` says why.
function instantiateModule(compiled, imports) {
  if (compiled === null) return null;
  begin();
  const start = performance.now();
  let instance = null;
  try {
    instance = new WebAssembly.Instance(compiled, imports);
  } catch (thrown) {
    error = thrown;
  }
  instantiating += performance.now() - start;
  return finish() && instance !== null ? instance.exports : null;
}

// As `compile`, of a module of a program: that of the program before, where it has the same bytes.
function keptModule(index, bytes) {
  const last = kept[index];
  if (last !== undefined && last.bytes.equals(bytes)) return last.compiled;
  const compiled = compile(bytes);
  runsBefore = 0;
  kept.length = index;
  if (compiled !== null) kept[index] = { bytes: Buffer.from(bytes), compiled };
  return compiled;
}

// A module, or null, and then `error` says why.
function compile(bytes) {
  const start = performance.now();
  let compiled = null;
  try {
    compiled = new WebAssembly.Module(bytes);
  } catch (thrown) {
    error = thrown;
  }
  compiling += performance.now() - start;
  return compiled;
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

// Writes the outcome that `error` stands for; whether it is that the engine is exhausted.
function putError(making) {
  if (error === hostTrap) {
    if (!making) keepStack(MOMENT_TRAP, error);
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
    if (!making && !row.exhausts) keepStack(MOMENT_TRAP, error);
    return row.exhausts;
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

// Whether a thrown object is a trap, and not the end of a resource.
function isTrap(thrown) {
  if (thrown === hostTrap) return true;
  const row = rowOf(`${thrown.name}: ${thrown.message}`);
  return row !== undefined && !row.exhausts;
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

// The arguments of a call or a step of `target`, which is read too where it is another than before.
function takeTargetAndArgs() {
  if (take8() === 1) target = takeTarget();
  return takeValues();
}

// One call as it is, for a caller that observes by itself; false when it was not made, for want of an
// instance.
function call() {
  const args = takeTargetAndArgs();
  if (mainExports === null) return false;
  if (!attempt(calleeOf(target), args)) {
    putError(false);
  } else {
    putReturned(target.kinds);
  }
  return true;
}

// One call with all that is observed of it, but for the state where the engine was exhausted; false
// when it was not made.
function step() {
  const args = takeTargetAndArgs();
  if (mainExports === null) return false;
  let told = null;
  let exhausted = false;
  if (!attempt(calleeOf(target), args)) {
    exhausted = putError(false);
  } else if (shim === null) {
    putReturned(target.kinds);
  } else {
    told = shimRow(target.kinds);
    putShimOutcome(told);
  }
  putTrace();
  put8(exhausted ? 0 : 1);
  if (!exhausted) putState(told ?? look());
  return true;
}

function putReturned(kinds) {
  put8(OUTCOME_RETURNED);
  putValues(kinds, listed(kinds, results));
}

// What a call of the shim has just returned: its results, the status, and the slots of the state.
function shimRow(kinds) {
  if (kinds.length !== shim.results + 1 + shim.state || kinds[shim.results] !== KIND_I32) {
    throw misuse("a call gave no status");
  }
  const values = listed(kinds, results);
  return { kinds, values, status: values[shim.results] };
}

function putShimOutcome({ kinds, values, status }) {
  if (status === 0) {
    put8(OUTCOME_RETURNED);
    putValues(kinds, values, 0, shim.results);
  } else if (status === -1) {
    put8(OUTCOME_THREW);
    put32(-1);
    put32(0);
  } else {
    put8(OUTCOME_THREW);
    put32(status - 1);
    putValues(kinds, values, 0, shim.results);
  }
}

// Asks the shim for the state, where no call has told it; null without a shim.
function look() {
  if (shim === null) return null;
  if (!attempt(calleeOf(shim.target), shim.args)) throw misuse(`cannot observe: ${error}`);
  const row = shimRow(shim.target.kinds);
  if (row.status !== 0) throw misuse(`cannot observe: status ${row.status}`);
  return row;
}

// Writes the memories, and the slots that the shim told.
function putState(row) {
  put32(memoryCount);
  for (let index = 0; index < memoryCount; index++) putDigest(index);
  if (row === null) {
    put32(0);
  } else {
    putValues(row.kinds, row.values, shim.results + 1);
  }
}

function memoryBytes(index) {
  if (mainExports === null) throw misuse("no instance to read memory of");
  memories[index] ??= exported(`assay:memory:${index}`);
  return new Uint8Array(memories[index].buffer);
}

function putDigest(index) {
  const bytes = memoryBytes(index);
  putF64(bytes.length);
  put32(sumOf(index, bytes));
}

// A script: actions that know the instances of those before them by index. The outcome of each, or
// nothing where such an instance is not there.
function perform() {
  askForStacks(false);
  tags = [];
  mainExports = null;
  const count = take32();
  const made = new Array(count).fill(null);
  put32(count);
  for (let index = 0; index < count; index++) {
    const start = length;
    put8(1);
    if (!performOne(made, index)) {
      length = start;
      put8(0);
    }
  }
}

// False when an instance is missing.
function performOne(made, index) {
  switch (take8()) {
    case PERFORM_COMPILE: {
      const compiled = compile(takeBytes());
      if (compiled === null) putError(true);
      else putReturned([]);
      return true;
    }
    case PERFORM_INSTANTIATE: {
      const sources = takeList(() => [takeText(), made[take32()]]);
      const bytes = takeBytes();
      if (sources.some(([, exports]) => exports === null)) return false;
      made[index] = instantiateModule(compile(bytes), Object.fromEntries(sources));
      if (made[index] === null) putError(true);
      else putReturned([]);
      return true;
    }
    case PERFORM_CALL: {
      mainExports = made[take32()];
      const { name, kinds } = takeTarget();
      const args = takeValues();
      if (mainExports === null) return false;
      if (attempt(callable(name), args)) putReturned(kinds);
      else putError(false);
      return true;
    }
    default:
      throw misuse("there is no such action");
  }
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
    case COMMAND_PERFORM:
      perform();
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
  answer();
  outputView.setFloat64(HEADER_BYTES, compiling, true);
  outputView.setFloat64(HEADER_BYTES + 8, instantiating, true);
  outputView.setFloat64(HEADER_BYTES + 16, calling, true);
  sendReply();
}
process.exit(0);
