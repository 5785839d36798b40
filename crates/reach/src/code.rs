//! What code refers to.

use crate::elf::{Image, Section};
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};
use std::ops::Range;
use std::thread;

/// How a function refers to an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// It calls it, or jumps to it.
    Calls,
    /// It calls what the pointer there points to, or jumps to it.
    CallsSlot,
    /// It reads what is there.
    Reads { bytes: u64 },
    /// It takes it as a value.
    Takes,
}

/// A reference from a function, by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    pub(crate) from: u32,
    pub(crate) how: How,
    pub(crate) to: u64,
}

/// How many functions are taken up at a time.
const AT_A_TIME: usize = 256;

/// The references of all functions, sorted, each once.
pub(crate) fn references(image: &Image<'_>, functions: &[Range<u64>]) -> Vec<Reference> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let chunks: Vec<(usize, &[Range<u64>])> = functions.chunks(AT_A_TIME).enumerate().collect();
    let share = |worker: usize| {
        let mut found = Vec::new();
        for (chunk, functions) in chunks.iter().skip(worker).step_by(threads) {
            for (place, function) in functions.iter().enumerate() {
                let number = chunk * AT_A_TIME + place;
                // As many functions as this are refused before.
                let from = u32::try_from(number).unwrap_or(u32::MAX);
                found.extend(of_function(image, from, function));
            }
        }
        found
    };
    let mut all: Vec<Reference> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| scope.spawn(move || share(worker)))
            .collect();
        let shares = workers.into_iter().map(|worker| worker.join());
        shares
            .flat_map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    all.sort_unstable();
    all
}

fn of_function(image: &Image<'_>, from: u32, range: &Range<u64>) -> Vec<Reference> {
    let Some(section) = image.section(range.start) else {
        return Vec::new();
    };
    let references = instructions(section, range).filter_map(|found| of_instruction(&found));
    let outside = references.filter(|(_, to)| !range.contains(to));
    let mut found: Vec<Reference> = outside
        .map(|(how, to)| Reference { from, how, to })
        .collect();
    // A function refers to much of it again and again.
    found.sort_unstable();
    found.dedup();
    found
}

/// Where the only thing that a stub of the linkage table does leads: the slot that it jumps by.
pub(crate) fn stub(image: &Image<'_>, address: u64) -> Option<u64> {
    let section = image.section(address)?;
    let range = address..address.saturating_add(16);
    instructions(section, &range)
        .find(|instruction| instruction.code() != Code::Endbr64)
        .and_then(|instruction| match of_instruction(&instruction) {
            Some((How::CallsSlot, slot)) => Some(slot),
            _ => None,
        })
}

fn instructions<'a>(
    section: &Section<'a>,
    range: &Range<u64>,
) -> impl Iterator<Item = Instruction> + use<'a> {
    let rest = section.from(range.start).unwrap_or_default();
    let size = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let bytes = rest.get(..size).unwrap_or(rest);
    Decoder::with_ip(64, bytes, range.start, DecoderOptions::NONE).into_iter()
}

fn of_instruction(instruction: &Instruction) -> Option<(How, u64)> {
    if instruction.is_invalid() || instruction.op_count() == 0 {
        return None;
    }
    // Only branches have such an operand.
    if instruction.op0_kind() == OpKind::NearBranch64 {
        return Some((How::Calls, instruction.near_branch_target()));
    }
    if !instruction.is_ip_rel_memory_operand() {
        return None;
    }
    let how = match instruction.mnemonic() {
        Mnemonic::Call | Mnemonic::Jmp => How::CallsSlot,
        Mnemonic::Lea => How::Takes,
        _ => How::Reads {
            bytes: instruction.memory_size().size() as u64,
        },
    };
    Some((how, instruction.ip_rel_memory_address()))
}
