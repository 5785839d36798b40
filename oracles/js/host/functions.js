// The host functions: `crates/engine/src/host.rs`, to the letter.

const MAX_CALLBACK_DEPTH = 2;

// `Action`, and the effects that a trace entry may record.
const ACTION_RETURN = 0;
const ACTION_TRAP = 1;
const ACTION_THROW = 2;
const ACTION_GROW_MEMORY = 3;
const ACTION_GROW_TABLE = 4;
const ACTION_CALL = 5;
const ACTION_COLLECT = 6;
const ACTION_FRESH = 7;
const ACTION_EXCHANGE = 8;
const EFFECT_OF_ACTION = [0, 1, 2, 3, 3, 4, 0, 0, 7];
const EFFECT_TRAPPED = 1;
const EFFECT_GREW = 3;
const EFFECT_CALLED = 4;
const EFFECT_SWALLOWED = 5;
const EFFECT_AGAIN = 6;
const EFFECT_EXCHANGED = 7;

// `OnFailure`; what does not return goes onward where it is neither.
const FAILURE_SWALLOW = 1;
const FAILURE_AGAIN = 2;

const RETURN = { code: ACTION_RETURN };

// (module (func (export "trap") unreachable)): a real trap, which no handler in the program can
// catch. A JavaScript exception would be caught by `catch_all`.
const TRAP_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0,
  10, 5, 1, 3, 0, 0, 11,
]);
const trapHelper = new WebAssembly.Instance(new WebAssembly.Module(TRAP_MODULE)).exports;

// The host of the current program, and what its functions see.
let seed = 0;
let functions = [];
let depth = 0;
let fresh = 0;
let trace = [];
// The exports of the main instance; null before there is one.
let mainExports = null;

// What a host function did to the call that it is part of; the outermost call asks.
let hostTrap = null;
let hostExhausted = null;
let pendingFault = null;

const words = new Uint32Array(2);
const wordsAsBigInt = new BigInt64Array(words.buffer);

function takeFunction() {
  const params = takeKinds();
  const results = takeKinds();
  const actions = takeList(takeAction);
  return { params, results, actions, calls: 0 };
}

function takeAction() {
  const code = take8();
  switch (code) {
    case ACTION_THROW:
      return { code, name: `assay:tag:${take32()}`, params: takeKinds() };
    case ACTION_GROW_MEMORY:
      return { code, name: `assay:memory:${take32()}`, delta: take32(), init: [] };
    case ACTION_GROW_TABLE:
      return { code, name: `assay:table:${take32()}`, delta: take32(), init: [null] };
    case ACTION_CALL:
      return { code, target: takeTarget(), args: takeValues(), failure: take8() };
    case ACTION_EXCHANGE:
      return { code, name: `assay:memory:${take32()}`, address: take32(), value: take64() };
    default:
      return { code };
  }
}

// What is to be called: an export of the main instance and the kinds of its results.
function takeTarget() {
  return { name: takeText(), kinds: takeKinds(), callee: null };
}

// The function of a target, which is looked up once; targets are as short-lived as the instance.
function calleeOf(target) {
  return (target.callee ??= callable(target.name));
}

function callable(name) {
  if (mainExports === null) throw misuse("there is no instance");
  const callee = exported(name);
  if (typeof callee !== "function") throw misuse(`export ${JSON.stringify(name)} is no function`);
  return callee;
}

// The functions as the module imports them.
function hostImports() {
  const imports = Object.create(null);
  for (let index = 0; index < functions.length; index++) {
    imports[index] = (...args) => guarded(index, args);
  }
  return imports;
}

// Exhaustion in a host function ends the call, even where the module goes on: JavaScript's own
// RangeError is an exception like any other, and a handler in the module might catch it.
function guarded(index, args) {
  try {
    return enter(index, args);
  } catch (error) {
    if (error instanceof RangeError) hostExhausted = error;
    if (error instanceof Fault) pendingFault = error;
    throw error;
  }
}

function enter(index, args) {
  if (stacksAsked) keepStack(MOMENT_HOST_CALL, new Error());
  const fn = functions[index];
  const number = fn.calls++;
  let action = fn.actions.length === 0 ? RETURN : fn.actions[number % fn.actions.length];
  if (action.code === ACTION_CALL && depth >= MAX_CALLBACK_DEPTH) action = RETURN;
  let hash = mix(mix(seed, index), number);
  for (let i = 0; i < fn.params.length; i++) hash = mixValue(hash, fn.params[i], args[i]);
  const slots = action.code === ACTION_THROW ? action.params : fn.results;
  const values = valuesFrom(hash, slots);
  if (action.code === ACTION_FRESH) makeObjects(slots, values);
  const effect = EFFECT_OF_ACTION[action.code];
  const entry = { index, params: fn.params, args, effect };
  entry.size = entry.kinds = entry.row = entry.old = null;
  trace.push(entry);
  act(action, values, entry);
  return slots.length === 1 ? values[0] : values;
}

// Puts a new object, which the host does not keep, into the place of each reference.
const FIRST_FRESH = 1 << 16;
function makeObjects(slots, values) {
  for (let i = 0; i < slots.length; i++) {
    if (slots[i] === KIND_EXTERN) values[i] = new HostRef(FIRST_FRESH + fresh++);
  }
}

// Carries out what the function does before it returns; throws when it does not return.
function act(action, values, entry) {
  switch (action.code) {
    case ACTION_TRAP:
      trap();
      break;
    case ACTION_THROW:
      if (mainExports === null) {
        entry.effect = EFFECT_TRAPPED;
        trap();
      }
      throw new WebAssembly.Exception(exported(action.name), values);
    case ACTION_GROW_MEMORY:
    case ACTION_GROW_TABLE:
      if (mainExports !== null) entry.size = grow(action);
      break;
    case ACTION_CALL:
      if (mainExports !== null) callBack(action, entry);
      break;
    case ACTION_EXCHANGE:
      if (mainExports !== null) entry.old = exchange(action);
      break;
    case ACTION_COLLECT:
      collect();
      break;
  }
}

// JavaScriptCore only collects all. V8 (by its flag) collects what is new, which moves objects.
const HAS_MINOR_COLLECTIONS = globalThis.Bun === undefined;

// How many collections there are to one that looks at the whole heap, which holds the runtime, too,
// and takes a hundred times as long as a small program.
const COLLECTIONS_TO_A_FULL_ONE = HAS_MINOR_COLLECTIONS ? 256 : 32;
let collections = 0;

// Where a program is run again, one request in so many is heeded, each time others, since collections
// take longer than all the rest.
const REQUESTS_TO_A_COLLECTION = 4;
let requests = 0;

function collect() {
  requests++;
  if (runsBefore > 0 && (requests + runsBefore) % REQUESTS_TO_A_COLLECTION !== 0) return;
  const full = ++collections % COLLECTIONS_TO_A_FULL_ONE === 0;
  if (!HAS_MINOR_COLLECTIONS) {
    if (full) globalThis.Bun.gc(true);
    return;
  }
  if (globalThis.gc === undefined) throw misuse("the runtime collects nothing on request");
  globalThis.gc({ type: full ? "major" : "minor" });
}

function trap() {
  try {
    trapHelper.trap();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) hostTrap = error;
    throw error;
  }
}

// The size before, or null when the engine refused. A 64-bit memory or table takes a BigInt, which
// only its own complaint tells.
function grow({ name, delta, init }) {
  const growable = exported(name);
  try {
    return growable.grow(delta, ...init);
  } catch (error) {
    if (error instanceof RangeError) return null;
    if (!(error instanceof TypeError)) throw error;
  }
  try {
    return growable.grow(BigInt(delta), ...init);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw misuse(`${name} cannot be grown: ${error}`);
  }
}

function callBack(action, entry) {
  const callee = calleeOf(action.target);
  const { kinds } = action.target;
  depth++;
  try {
    entry.row = listed(kinds, callee(...action.args));
    entry.kinds = kinds;
  } catch (error) {
    if (!stopped(action, entry, error)) throw error;
  } finally {
    depth--;
  }
}

// The callee threw this; whether the host swallows it. What it lets go of is the very same object,
// and so a trap that no handler catches, or the same exception.
function stopped({ failure }, entry, error) {
  entry.isException = error instanceof WebAssembly.Exception;
  if (!entry.isException && !isTrap(error)) return false;
  if (failure === FAILURE_SWALLOW) entry.effect = EFFECT_SWALLOWED;
  if (failure === FAILURE_AGAIN) entry.effect = EFFECT_AGAIN;
  return failure === FAILURE_SWALLOW;
}

// The bytes before, or null when they are out of bounds.
function exchange({ name, address, value }) {
  const view = new DataView(exported(name).buffer);
  if (address + 8 > view.byteLength) return null;
  const old = view.getBigUint64(address, true);
  view.setBigUint64(address, value, true);
  return old;
}

function exported(name) {
  const value = mainExports[name];
  if (value === undefined) throw misuse(`the module has no export ${JSON.stringify(name)}`);
  return value;
}

function mix(hash, word) {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

function mixValue(hash, kind, value) {
  switch (kind) {
    case KIND_I32:
      return mix(hash, value);
    case KIND_I64:
      wordsAsBigInt[0] = value;
      return mix(mix(hash, words[0]), words[1]);
    default:
      if (value === null) return mix(hash, 0);
      return mix(hash, value instanceof HostRef ? value.number + 2 : 1);
  }
}

function valuesFrom(hash, slots) {
  const next = () => (hash = mix(hash, 1)) >>> 0;
  return slots.map((slot) => {
    const low = next();
    switch (slot) {
      case KIND_I32:
        return low >>> (low & 31);
      case KIND_I64:
        return shiftedRight(low, next(), low & 63);
      default:
        return (low & 7) === 0 ? null : hostRef(low & 7);
    }
  });
}

// The 64-bit number of these two words, shifted right.
function shiftedRight(low, high, by) {
  if (by >= 32) {
    words[0] = high >>> (by - 32);
    words[1] = 0;
  } else if (by > 0) {
    words[0] = (low >>> by) | (high << (32 - by));
    words[1] = high >>> by;
  } else {
    words[0] = low;
    words[1] = high;
  }
  return wordsAsBigInt[0];
}

// Writes the trace, with the stacks, and starts a new one.
function putTrace() {
  put32(trace.length);
  for (const entry of trace) {
    put32(entry.index);
    putValues(entry.params, entry.args);
    put8(entry.effect);
    if (entry.effect === EFFECT_GREW) {
      put8(entry.size === null ? 0 : 1);
      if (entry.size !== null) put64(BigInt(entry.size));
    } else if (entry.effect === EFFECT_CALLED) {
      put8(entry.kinds === null ? 0 : 1);
      if (entry.kinds !== null) putValues(entry.kinds, entry.row);
    } else if (entry.effect === EFFECT_SWALLOWED || entry.effect === EFFECT_AGAIN) {
      put8(entry.isException ? 1 : 0);
    } else if (entry.effect === EFFECT_EXCHANGED) {
      put8(entry.old === null ? 0 : 1);
      if (entry.old !== null) put64(entry.old);
    }
  }
  trace = [];
  putStacks();
}
