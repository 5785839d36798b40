// Values, in JavaScript's terms and on the wire.

// The kinds of values that a signature knows: `Kind` of `src/signature.rs`.
const KIND_I32 = 0;
const KIND_I64 = 1;
const KIND_F32 = 2;
const KIND_F64 = 3;
const KIND_V128 = 4;
const KIND_EXTERN = 5;
const KIND_ANY = 6;
const KIND_FUNC = 7;
const KIND_EXN = 8;

// The kinds of values on the wire, which tell references apart by what they refer to.
const WIRE_I32 = 0;
const WIRE_I64 = 1;
const WIRE_F32 = 2;
const WIRE_F64 = 3;
const WIRE_NULL = 5;
const WIRE_I31 = 6;
const WIRE_FUNC = 7;
const WIRE_EXTERN = 10;
const WIRE_INTERNAL = 12;

// A failure of Assay or of its table, not of the program; ends the frame.
const FAULT_MISUSE = 0;
const FAULT_UNKNOWN_TEXT = 1;
class Fault {
  constructor(kind, text) {
    this.kind = kind;
    this.text = text;
  }
}

function misuse(text) {
  return new Fault(FAULT_MISUSE, text);
}

// The host's own references. A class of its own, because a number that comes out of the module
// as an `externref` is an `i31`, never one of ours.
class HostRef {
  constructor(number) {
    this.number = number;
  }
}
const hostRefs = new Map();

function hostRef(number) {
  let reference = hostRefs.get(number);
  if (reference === undefined) hostRefs.set(number, (reference = new HostRef(number)));
  return reference;
}

function takeKinds() {
  return takeList(take8);
}

function takeValues() {
  return takeList(takeValue);
}

function takeValue() {
  switch (take8()) {
    case WIRE_I32:
      return take32() | 0;
    case WIRE_I64:
      at += 8;
      return inputView.getBigInt64(at - 8, true);
    case WIRE_F32:
      at += 4;
      return inputView.getFloat32(at - 4, true);
    case WIRE_F64:
      at += 8;
      return inputView.getFloat64(at - 8, true);
    case WIRE_NULL:
      return null;
    case WIRE_I31:
      return take32() | 0;
    case WIRE_EXTERN:
      return hostRef(take32());
    default:
      throw misuse("a value that JavaScript cannot hold");
  }
}

function putValue(kind, value) {
  room(9);
  switch (kind) {
    case KIND_I32:
      output[length] = WIRE_I32;
      outputView.setInt32(length + 1, value, true);
      length += 5;
      return;
    case KIND_I64:
      output[length] = WIRE_I64;
      outputView.setBigInt64(length + 1, value, true);
      length += 9;
      return;
    case KIND_F32:
      output[length] = WIRE_F32;
      outputView.setFloat32(length + 1, value, true);
      length += 5;
      return;
    case KIND_F64:
      output[length] = WIRE_F64;
      outputView.setFloat64(length + 1, value, true);
      length += 9;
      return;
    case KIND_EXTERN:
    case KIND_ANY:
    case KIND_FUNC:
      putReference(kind, value);
      return;
    default:
      throw misuse("a value that JavaScript cannot see");
  }
}

function putReference(kind, value) {
  if (value === null) {
    put8(WIRE_NULL);
  } else if (value instanceof HostRef) {
    put8(WIRE_EXTERN);
    put32(value.number);
  } else if (kind === KIND_ANY && typeof value === "number") {
    put8(WIRE_I31);
    put32(value);
  } else if (kind === KIND_FUNC) {
    put8(WIRE_FUNC);
  } else {
    put8(WIRE_INTERNAL);
  }
}

// Writes the values of a list, or a part of them.
function putValues(kinds, values, start = 0, stop = kinds.length) {
  put32(stop - start);
  for (let i = start; i < stop; i++) putValue(kinds[i], values[i]);
}

// What a call gave, as a list: JavaScript gives nothing, the only result, or a list.
function listed(kinds, results) {
  return kinds.length === 1 ? [results] : results;
}
