//! Modules that are large in one direction: what recurses anywhere must end there, or be bounded.

use arbitrary::{Result, Unstructured};
use wasm_encoder::{
    BlockType, Catch, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, FieldType,
    Function, FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection, Instruction,
    Module, RefType, StorageType, TypeSection, ValType,
};

/// How large they are at most. A body may have more than 7 MB, and 50,000 locals.
const MOST: u32 = 40_000;

const SHAPES: [fn(u32) -> Module; 9] = [
    blocks,
    loops,
    ifs,
    tries,
    legacy_tries,
    types,
    constant,
    list,
    callbacks,
];

/// One of the shapes.
pub(crate) fn module(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let shape = *u.choose(&SHAPES)?;
    let size = u.int_in_range(1..=MOST)?;
    Ok(shape(size).finish())
}

/// A module of these sections, whose function 0 has no parameters, is of type 0, and is exported.
fn with_body(types: &TypeSection, body: &Function) -> Module {
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0);
    let mut code = CodeSection::new();
    code.function(body);
    let mut module = Module::new();
    module
        .section(types)
        .section(&functions)
        .section(&exports)
        .section(&code);
    module
}

fn no_parameters() -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types
}

/// `start` so many times, `inside`, then `end` as often.
fn nest(
    size: u32,
    start: &[Instruction<'_>],
    inside: &[Instruction<'_>],
    end: &[Instruction<'_>],
) -> Module {
    let mut body = Function::new([]);
    for _ in 0..size {
        start
            .iter()
            .for_each(|instruction| _ = body.instruction(instruction));
    }
    inside
        .iter()
        .for_each(|instruction| _ = body.instruction(instruction));
    for _ in 0..size {
        end.iter()
            .for_each(|instruction| _ = body.instruction(instruction));
    }
    body.instruction(&Instruction::End);
    with_body(&no_parameters(), &body)
}

fn blocks(size: u32) -> Module {
    let out = Instruction::Br(size);
    nest(
        size,
        &[Instruction::Block(BlockType::Empty)],
        &[out],
        &[Instruction::End],
    )
}

/// Each loop goes on from its start, until the fuel ends.
fn loops(size: u32) -> Module {
    let out = Instruction::Br(size / 2);
    nest(
        size,
        &[Instruction::Loop(BlockType::Empty)],
        &[out],
        &[Instruction::End],
    )
}

fn ifs(size: u32) -> Module {
    let start = [Instruction::I32Const(1), Instruction::If(BlockType::Empty)];
    nest(
        size,
        &start,
        &[Instruction::Unreachable],
        &[Instruction::Else, Instruction::End],
    )
}

fn tries(size: u32) -> Module {
    let clauses = [Catch::All { label: 0 }];
    let start = Instruction::TryTable(BlockType::Empty, (&clauses).into());
    let inside = [
        Instruction::RefNull(RefType::EXNREF.heap_type),
        Instruction::ThrowRef,
    ];
    nest(size, &[start], &inside, &[Instruction::End])
}

fn legacy_tries(size: u32) -> Module {
    let start = Instruction::Try(BlockType::Empty);
    let end = [
        Instruction::CatchAll,
        Instruction::Rethrow(0),
        Instruction::End,
    ];
    nest(size.min(2000), &[start], &[Instruction::Nop], &end)
}

/// Types, each of which refers to the one before, and a function with many locals of them.
fn types(size: u32) -> Module {
    let size = size.min(5000);
    let mut types = no_parameters();
    for index in 0..size {
        let element_type = StorageType::Val(reference(index));
        types.ty().struct_([FieldType {
            element_type,
            mutable: true,
        }]);
    }
    let mut body = Function::new([(size, reference(size)), (size, ValType::V128)]);
    body.instruction(&Instruction::End);
    with_body(&types, &body)
}

fn reference(index: u32) -> ValType {
    ValType::Ref(RefType {
        nullable: true,
        heap_type: HeapType::Concrete(index),
    })
}

/// A constant expression with a high stack.
fn constant(size: u32) -> Module {
    let mut instructions = Vec::new();
    for index in 0..size {
        instructions.push(Instruction::I32Const(index.cast_signed()));
    }
    for _ in 1..size {
        instructions.push(Instruction::I32Add);
    }
    let ty = GlobalType {
        val_type: ValType::I32,
        mutable: false,
        shared: false,
    };
    let mut globals = GlobalSection::new();
    globals.global(ty, &ConstExpr::extended(instructions));
    let mut exports = ExportSection::new();
    exports.export("sum", ExportKind::Global, 0);
    let mut module = Module::new();
    module.section(&globals).section(&exports);
    module
}

/// A list that is as long as the heap allows, and is kept in a global until that is over.
fn list(size: u32) -> Module {
    let mut types = no_parameters();
    let node = |index| FieldType {
        element_type: StorageType::Val(reference(index)),
        mutable: true,
    };
    types.ty().struct_([node(1)]);
    let mut body = Function::new([(1, reference(1)), (1, ValType::I32)]);
    for instruction in [
        Instruction::I32Const(size.cast_signed()),
        Instruction::LocalSet(1),
        Instruction::Loop(BlockType::Empty),
        Instruction::LocalGet(0),
        Instruction::StructNew(1),
        Instruction::LocalSet(0),
        Instruction::LocalGet(1),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::LocalTee(1),
        Instruction::BrIf(0),
        Instruction::End,
        Instruction::End,
    ] {
        body.instruction(&instruction);
    }
    with_body(&types, &body)
}

/// A function that the host calls back whenever it is called from there, with so many locals.
fn callbacks(size: u32) -> Module {
    let mut imports = ImportSection::new();
    imports.import("", "", EntityType::Function(0));
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export(crate::guest::AGAIN, ExportKind::Func, 1);
    let mut body = Function::new([(size % 64, ValType::I64)]);
    body.instruction(&Instruction::Call(0))
        .instruction(&Instruction::End);
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = Module::new();
    module
        .section(&no_parameters())
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code);
    module
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_engine::Features;

    #[test]
    fn all_are_valid() {
        for (number, shape) in SHAPES.iter().enumerate() {
            for size in [1, 100] {
                let made = assay_reference::Module::new(&shape(size).finish(), Features::all());
                assert!(made.is_ok(), "shape {number}: {made:?}");
            }
        }
    }
}
