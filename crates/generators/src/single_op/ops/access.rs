//! Loads and stores at edge addresses: scalar, vector, atomic.

use super::super::{
    body::Body,
    pool::Pool,
    row::{Access, Make, Row, accesses, builds, lane_accesses},
};
use arbitrary::Result;
use assay_engine::Features;
use wasm_encoder::{Instruction, MemArg, ValType};

/// Scalar loads and stores.
pub static SCALAR: &[Row] = accesses! { Features::empty(), false;
    4 [] [I32]: I32Load;
    8 [] [I64]: I64Load;
    4 [] [F32]: F32Load;
    8 [] [F64]: F64Load;
    1 [] [I32]: I32Load8S I32Load8U;
    2 [] [I32]: I32Load16S I32Load16U;
    1 [] [I64]: I64Load8S I64Load8U;
    2 [] [I64]: I64Load16S I64Load16U;
    4 [] [I64]: I64Load32S I64Load32U;
    4 [I32] []: I32Store;
    8 [I64] []: I64Store;
    4 [F32] []: F32Store;
    8 [F64] []: F64Store;
    1 [I32] []: I32Store8;
    2 [I32] []: I32Store16;
    1 [I64] []: I64Store8;
    2 [I64] []: I64Store16;
    4 [I64] []: I64Store32;
};

/// Vector loads and stores.
pub static VECTOR: &[Row] = accesses! { Features::SIMD, false;
    16 [] [V128]: V128Load;
    8 [] [V128]:
        V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
        V128Load64Splat V128Load64Zero;
    1 [] [V128]: V128Load8Splat;
    2 [] [V128]: V128Load16Splat;
    4 [] [V128]: V128Load32Splat V128Load32Zero;
    16 [V128] []: V128Store;
};

/// Loads and stores of one lane.
pub static VECTOR_LANE: &[Row] = lane_accesses! { Features::SIMD;
    1 [V128] [V128]: V128Load8Lane;
    2 [V128] [V128]: V128Load16Lane;
    4 [V128] [V128]: V128Load32Lane;
    8 [V128] [V128]: V128Load64Lane;
    1 [V128] []: V128Store8Lane;
    2 [V128] []: V128Store16Lane;
    4 [V128] []: V128Store32Lane;
    8 [V128] []: V128Store64Lane;
};

/// Atomic accesses.
pub static ATOMIC: &[Row] = accesses! { Features::THREADS, true;
    4 [] [I32]: I32AtomicLoad;
    8 [] [I64]: I64AtomicLoad;
    1 [] [I32]: I32AtomicLoad8U;
    2 [] [I32]: I32AtomicLoad16U;
    1 [] [I64]: I64AtomicLoad8U;
    2 [] [I64]: I64AtomicLoad16U;
    4 [] [I64]: I64AtomicLoad32U;
    4 [I32] []: I32AtomicStore;
    8 [I64] []: I64AtomicStore;
    1 [I32] []: I32AtomicStore8;
    2 [I32] []: I32AtomicStore16;
    1 [I64] []: I64AtomicStore8;
    2 [I64] []: I64AtomicStore16;
    4 [I64] []: I64AtomicStore32;
    4 [I32] [I32]:
        I32AtomicRmwAdd I32AtomicRmwSub I32AtomicRmwAnd I32AtomicRmwOr I32AtomicRmwXor
        I32AtomicRmwXchg;
    4 [I32 I32] [I32]:
        I32AtomicRmwCmpxchg;
    8 [I64] [I64]:
        I64AtomicRmwAdd I64AtomicRmwSub I64AtomicRmwAnd I64AtomicRmwOr I64AtomicRmwXor
        I64AtomicRmwXchg;
    8 [I64 I64] [I64]:
        I64AtomicRmwCmpxchg;
    1 [I32] [I32]:
        I32AtomicRmw8AddU I32AtomicRmw8SubU I32AtomicRmw8AndU I32AtomicRmw8OrU
        I32AtomicRmw8XorU I32AtomicRmw8XchgU;
    1 [I32 I32] [I32]:
        I32AtomicRmw8CmpxchgU;
    2 [I32] [I32]:
        I32AtomicRmw16AddU I32AtomicRmw16SubU I32AtomicRmw16AndU I32AtomicRmw16OrU
        I32AtomicRmw16XorU I32AtomicRmw16XchgU;
    2 [I32 I32] [I32]:
        I32AtomicRmw16CmpxchgU;
    1 [I64] [I64]:
        I64AtomicRmw8AddU I64AtomicRmw8SubU I64AtomicRmw8AndU I64AtomicRmw8OrU
        I64AtomicRmw8XorU I64AtomicRmw8XchgU;
    1 [I64 I64] [I64]:
        I64AtomicRmw8CmpxchgU;
    2 [I64] [I64]:
        I64AtomicRmw16AddU I64AtomicRmw16SubU I64AtomicRmw16AndU I64AtomicRmw16OrU
        I64AtomicRmw16XorU I64AtomicRmw16XchgU;
    2 [I64 I64] [I64]:
        I64AtomicRmw16CmpxchgU;
    4 [I64] [I64]:
        I64AtomicRmw32AddU I64AtomicRmw32SubU I64AtomicRmw32AndU I64AtomicRmw32OrU
        I64AtomicRmw32XorU I64AtomicRmw32XchgU;
    4 [I64 I64] [I64]:
        I64AtomicRmw32CmpxchgU;
    4 [I32] [I32]: MemoryAtomicNotify;
};

/// Atomic instructions that access nothing. Waiting on a memory that is not shared traps, so
/// nothing ever waits.
pub static ATOMIC_OTHER: &[Row] = builds! {
    Features::THREADS =>
        MemoryAtomicWait32: |b| wait(b, Pool::I32, 2, Instruction::MemoryAtomicWait32),
        MemoryAtomicWait64: |b| wait(b, Pool::I64, 3, Instruction::MemoryAtomicWait64),
        AtomicFence: |b| {
            b.op(Instruction::AtomicFence);
            Ok(())
        },
    ;
};

/// Waits at an address that leaves one reason to trap: the memory is not shared.
fn wait(
    b: &mut Body<'_, '_>,
    expected: Pool,
    align: u32,
    make: fn(MemArg) -> Instruction<'static>,
) -> Result<()> {
    let memory = b.memory()?;
    b.take(Pool::Below(16))?;
    b.emit(vec![Instruction::I32Const(8), Instruction::I32Mul]);
    if memory.wide {
        b.push(Instruction::I64ExtendI32U);
    }
    b.take(expected)?;
    b.take(Pool::I64)?;
    b.op(make(MemArg {
        offset: 0,
        align,
        memory_index: memory.index,
    }));
    b.result(ValType::I32);
    Ok(())
}

/// Exercises one access, and reads back what a store wrote.
pub fn build(
    b: &mut Body<'_, '_>,
    access: &Access,
    params: &[Pool],
    results: &[ValType],
) -> Result<()> {
    let memory = b.memory()?;
    let width = u64::from(access.width_bytes);
    let natural = access.width_bytes.trailing_zeros();
    let align = if access.atomic {
        natural
    } else {
        b.u.int_in_range(0..=natural)?
    };
    let offset = static_offset(b, memory.wide, memory.bytes, width)?;
    let memarg = MemArg {
        offset,
        align,
        memory_index: memory.index,
    };
    let address = b.operand(Pool::Address {
        wide: memory.wide,
        bytes: memory.bytes,
        max_bytes: memory.max_bytes,
        width,
        offset,
        aligned: access.atomic,
    })?;
    b.emit(address.clone());
    for &pool in params {
        let operand = b.operand(pool)?;
        b.emit(operand);
    }
    let instruction = match access.make {
        Make::Plain(make) => make(memarg),
        Make::Lane(make) => make(memarg, b.u.int_in_range(0..=16 / access.width_bytes - 1)?),
    };
    b.op(instruction);
    b.results(results);
    if results.is_empty() || access.atomic {
        read_back(b, address, memarg, access.width_bytes);
    }
    Ok(())
}

/// Mostly small offsets, sometimes edges of the memory and of the offset's own type.
fn static_offset(b: &mut Body<'_, '_>, wide: bool, bytes: u64, width: u64) -> Result<u64> {
    const EDGES: &[u64] = &[
        0x7fff_fff8,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_0000,
        0xffff_fff0,
        0xffff_ffff,
    ];
    const WIDE_EDGES: &[u64] = &[
        1 << 32,
        (1 << 32) + 8,
        1 << 33,
        1 << 48,
        1 << 63,
        u64::MAX - 15,
        u64::MAX,
    ];
    let last = bytes - width;
    Ok(match b.u.int_in_range(0..=11)? {
        0..=4 => 0,
        5..=7 => b.u.int_in_range(1..=64)?,
        8 | 9 => *b.u.choose(&[last, last / 2, last - 8, 4095, 4096])?,
        10 => *b.u.choose(&[last + 1, bytes - 1, bytes, 65_528])?,
        _ if wide && b.u.arbitrary()? => *b.u.choose(WIDE_EDGES)?,
        _ => *b.u.choose(EDGES)?,
    })
}

/// Loads the bytes at the address again; where the access trapped, this is never reached.
fn read_back(b: &mut Body<'_, '_>, address: Vec<Instruction<'static>>, memarg: MemArg, width: u8) {
    let memarg = MemArg { align: 0, ..memarg };
    b.emit(address);
    b.push(match width {
        1 => Instruction::I64Load8U(memarg),
        2 => Instruction::I64Load16U(memarg),
        4 => Instruction::I64Load32U(memarg),
        _ => Instruction::I64Load(memarg),
    });
    b.result(ValType::I64);
}
