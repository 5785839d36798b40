// Frames on standard input and output, and the reading and writing of what is in them.
//
// The files of this folder are joined, in the order wire, values, sums, stacks, functions, main, into one module
// that runs unchanged under Node.js, Deno and Bun. A frame is its length (u32) and so many bytes;
// all numbers are little endian. `src/frame.rs` is the other end and has the same codes.

import { Buffer } from "node:buffer";
import { readSync, writeFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

// `process` is the global: importing "node:process" would touch its standard streams, which makes
// the descriptors non-blocking.

const HEADER_BYTES = 4;

// The request being read. One buffer serves all frames, so nothing may keep a view of it.
let input = Buffer.allocUnsafeSlow(1 << 17);
let inputView = new DataView(input.buffer);
let at = 0;
let end = 0;

// The reply being written.
let output = Buffer.allocUnsafeSlow(1 << 17);
let outputView = new DataView(output.buffer);
let length = 0;

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

// Does `transfer` until the descriptor is ready. Ours block, but whoever started us may have
// handed us one that does not.
function patiently(transfer) {
  for (;;) {
    try {
      return transfer();
    } catch (error) {
      if (error.code !== "EAGAIN" && error.code !== "EINTR") throw error;
      Atomics.wait(sleepCell, 0, 0, 1);
    }
  }
}

// Reads the next frame; false at the end of the input. Since a request is sent only after the
// reply to the one before, nothing ever follows the frame, and one system call mostly suffices.
function readFrame() {
  let have = 0;
  let need = HEADER_BYTES;
  while (have < need) {
    const count = patiently(() => readSync(0, input, have, input.length - have, null));
    if (count === 0) return false;
    have += count;
    if (need === HEADER_BYTES && have >= HEADER_BYTES) {
      need = HEADER_BYTES + inputView.getUint32(0, true);
      if (need > input.length) growInput(need, have);
    }
  }
  at = HEADER_BYTES;
  end = need;
  return true;
}

function growInput(need, have) {
  const old = input;
  input = Buffer.allocUnsafeSlow(2 * need);
  input.set(old.subarray(0, have));
  inputView = new DataView(input.buffer);
}

function startReply() {
  length = HEADER_BYTES;
}

function sendReply() {
  outputView.setUint32(0, length - HEADER_BYTES, true);
  let sent = 0;
  while (sent < length) {
    sent += patiently(() => writeSync(1, output, sent, length - sent));
  }
}

// Makes room for `bytes` more bytes of reply.
function room(bytes) {
  if (length + bytes <= output.length) return;
  const old = output;
  output = Buffer.allocUnsafeSlow(2 * (length + bytes));
  output.set(old.subarray(0, length));
  outputView = new DataView(output.buffer);
}

function take8() {
  return input[at++];
}

function take32() {
  at += 4;
  return inputView.getUint32(at - 4, true);
}

function take64() {
  const bigint = inputView.getBigUint64(at, true);
  at += 8;
  return bigint;
}

function takeText() {
  const bytes = take32();
  at += bytes;
  return input.toString("utf8", at - bytes, at);
}

// A view, good until the next frame.
function takeBytes() {
  const bytes = take32();
  at += bytes;
  return input.subarray(at - bytes, at);
}

function takeList(take) {
  const count = take32();
  const list = new Array(count);
  for (let i = 0; i < count; i++) list[i] = take();
  return list;
}

function put8(byte) {
  room(1);
  output[length++] = byte;
}

function put32(word) {
  room(4);
  outputView.setUint32(length, word, true);
  length += 4;
}

function put64(bigint) {
  room(8);
  outputView.setBigUint64(length, bigint, true);
  length += 8;
}

function putF64(number) {
  room(8);
  outputView.setFloat64(length, number, true);
  length += 8;
}

function putBytes(bytes) {
  put32(bytes.length);
  room(bytes.length);
  output.set(bytes, length);
  length += bytes.length;
}

// Of call stacks, each frame has the same few texts.
const texts = new Map();
const MOST_TEXTS = 1000;

function putText(text) {
  let bytes = texts.get(text);
  if (bytes === undefined) {
    if (texts.size >= MOST_TEXTS) texts.clear();
    texts.set(text, (bytes = Buffer.from(text, "utf8")));
  }
  putBytes(bytes);
}
