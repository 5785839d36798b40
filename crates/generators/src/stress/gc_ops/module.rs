//! The module of a case.

use super::ops::given_by;
use super::other::{self, FUNCTIONS, MODULE, TABLE};
use super::segments::Constant;
use super::setting::Setting;
use super::types::{Field, Heap, RefTy, Shape, Storage, TypeDef};
use super::walker::walker;
use super::world::{Body, COLLECT, Place, World};
use crate::stress::digest::told;
use crate::stress::parts::{tag, variable};
use crate::{Bare, Draft, DraftCall};
use assay_engine::{Action, HostFunction, Reference, Slot, Value, names};
use wasm_encoder::{
    ArrayType, CodeSection, CompositeInnerType, CompositeType, ConstExpr, DataSection,
    ElementSection, Elements, EntityType, ExportKind, ExportSection, FieldType, FuncType, Function,
    FunctionSection, GlobalSection, HeapType, ImportSection, Module, RefType, StructType, SubType,
    TableSection, TagSection, TypeSection, ValType,
};

const ANYREF: ValType = ValType::Ref(RefType {
    nullable: true,
    heap_type: HeapType::Abstract {
        shared: false,
        ty: wasm_encoder::AbstractHeapType::Any,
    },
});

/// A heap that the garbage of one operation fills, and all that a case keeps does not.
const SMALL_HEAP_BYTES: u32 = 512 << 10;

/// The types of functions, behind those of the setting.
struct Signatures {
    collect: u32,
    walker: u32,
    passer: u32,
    call: u32,
    make: u32,
    /// The first of the tags' types; behind it two types of blocks for each tag.
    tags: u32,
    /// The first of the types of the second instance's functions.
    imported: u32,
}

impl Signatures {
    fn new(world: &World) -> Self {
        let first = world.types.len();
        Self {
            collect: first,
            walker: first + 1,
            passer: first + 2,
            call: first + 3,
            make: first + 4,
            tags: first + 5,
            imported: first + 5 + 3 * world.tags.len() as u32,
        }
    }
}

impl World {
    /// The type of a block that ends with the payload of a tag on the stack.
    pub fn payload_block(&self, tag: u32) -> wasm_encoder::BlockType {
        wasm_encoder::BlockType::FunctionType(Signatures::new(self).tags + 3 * tag + 1)
    }

    /// The same, with the exception on top.
    pub fn payload_and_exception_block(&self, tag: u32) -> wasm_encoder::BlockType {
        wasm_encoder::BlockType::FunctionType(Signatures::new(self).tags + 3 * tag + 2)
    }
}

/// The module, the calls and the answers.
pub fn draft(setting: &Setting, mut world: World) -> Draft {
    world.end_all();
    let calls = std::mem::take(&mut world.calls);
    let (bodies, answers): (Vec<_>, Vec<_>) = calls.into_iter().unzip();
    let call = |number: usize| DraftCall {
        export: number.to_string(),
        args: vec![Value::Ref(Reference::Extern(world.host))],
    };
    Draft {
        wasm: module(setting, &world, &bodies),
        calls: (0..bodies.len()).map(call).collect(),
        answers,
        features: setting.features,
        fuse: setting.fuse,
        state: told(!setting.digest),
        met: std::mem::take(&mut world.met),
        gc_heap_bytes: setting.small_heap.then_some(SMALL_HEAP_BYTES),
        ends: true,
        actions: vec![vec![Action::Collect], vec![Action::Fresh]],
        lives: setting.maker.then(|| world.lives()),
        bare: world.other.as_ref().map(|other| Bare {
            before: other::modules(&world.types, other),
            functions: host(setting),
            ..Bare::default()
        }),
        ..Draft::default()
    }
}

fn module(setting: &Setting, world: &World, bodies: &[Body]) -> Vec<u8> {
    let signatures = Signatures::new(world);
    let mut module = Module::new();
    module.section(&types(world));
    module.section(&imports(setting, world, &signatures));
    let mut functions = FunctionSection::new();
    world
        .functions
        .iter()
        .for_each(|&ty| _ = functions.function(ty));
    functions.function(signatures.walker);
    functions.function(signatures.passer);
    bodies
        .iter()
        .for_each(|_| _ = functions.function(signatures.call));
    module.section(&functions);
    let own = usize::from(world.other.is_some());
    if let Some(tables @ [_, ..]) = world.tables.get(own..) {
        module.section(&table_section(tables));
    }
    if !world.tags.is_empty() {
        module.section(&tags(world, &signatures));
    }
    module.section(&globals(&world.globals));
    let mut exports = ExportSection::new();
    for number in 0..bodies.len() as u32 {
        exports.export(
            &number.to_string(),
            ExportKind::Func,
            world.passer() + 1 + number,
        );
    }
    module.section(&exports);
    if !world.segments.is_empty() || !world.functions.is_empty() {
        module.section(&elements(world));
    }
    if !setting.data.is_empty() {
        module.section(&wasm_encoder::DataCountSection { count: 1 });
    }
    module.section(&code(world, bodies));
    if !setting.data.is_empty() {
        let mut data = DataSection::new();
        data.passive(setting.data.iter().copied());
        module.section(&data);
    }
    module.finish()
}

/// The host's functions, by the names that they have where modules run as they are, or are prepared for it.
const HOST: [[(&str, &str); 2]; 2] = [
    [("host", "collect"), (names::HOST_MODULE, "0")],
    [("host", "make"), (names::HOST_MODULE, "1")],
];

/// What the main module has from the host and from the second instance. Functions of that for which
/// nothing has asked are the host's in their place.
fn imports(setting: &Setting, world: &World, signatures: &Signatures) -> ImportSection {
    let mut section = ImportSection::new();
    let bare = usize::from(world.other.is_some());
    let [collect, make] = HOST.map(|names| names[bare]);
    let collects = EntityType::Function(signatures.collect);
    section.import(collect.0, collect.1, collects);
    if setting.maker {
        section.import(make.0, make.1, EntityType::Function(signatures.make));
    }
    let Some(other) = &world.other else {
        return section;
    };
    for number in 0..world.imported() {
        if (number as usize) < other.tasks.len() {
            let ty = EntityType::Function(signatures.imported + number);
            section.import(MODULE, &format!("{FUNCTIONS}{number}"), ty);
        } else {
            section.import(collect.0, collect.1, collects);
        }
    }
    section.import(MODULE, TABLE, other::table(other.setting.table));
    section
}

/// What the host's functions do, where modules run as they are.
fn host(setting: &Setting) -> Vec<HostFunction> {
    let function = |(module, name): (&str, &str), results, action| HostFunction {
        label: format!("{module}.{name}"),
        params: Vec::new(),
        results,
        actions: vec![action],
    };
    let mut functions = vec![function(HOST[0][0], Vec::new(), Action::Collect)];
    if setting.maker {
        functions.push(function(HOST[1][0], vec![Slot::Extern], Action::Fresh));
    }
    functions
}

fn types(world: &World) -> TypeSection {
    let mut section = TypeSection::new();
    for group in world.types.defs().chunk_by(|_, next| !next.begins_group) {
        let group: Vec<SubType> = group.iter().map(sub_type).collect();
        section.ty().rec(group);
    }
    let externref = ValType::Ref(RefType::EXTERNREF);
    section.ty().function([], []);
    section
        .ty()
        .function([ValType::I64, ANYREF, ValType::I32], [ValType::I64]);
    section.ty().function([ANYREF], [ANYREF]);
    section
        .ty()
        .function([externref], [ValType::I64, externref]);
    section.ty().function([], [externref]);
    for tag in &world.tags {
        let fields: Vec<ValType> = tag.iter().map(|field| field.unpacked()).collect();
        let exception = ValType::Ref(RefType::EXNREF);
        section.ty().function(fields.clone(), []);
        section.ty().function([], fields.clone());
        let caught: Vec<ValType> = fields.into_iter().chain([exception]).collect();
        section.ty().function([], caught);
    }
    if let Some(other) = &world.other {
        for task in &other.tasks {
            let (params, results) = task.signature(&world.types, &other.setting);
            let unpacked = |it: &Storage| it.unpacked();
            let params = params.iter().map(unpacked).collect::<Vec<_>>();
            section
                .ty()
                .function(params, results.iter().map(unpacked).collect::<Vec<_>>());
        }
    }
    section
}

/// A definition in the encoder's terms.
pub fn sub_type(def: &TypeDef) -> SubType {
    let field = |field: &Field| FieldType {
        element_type: field.storage.encoded(),
        mutable: field.mutable,
    };
    let inner = match &def.shape {
        Shape::Struct(fields) => CompositeInnerType::Struct(StructType {
            fields: fields.iter().map(field).collect(),
        }),
        Shape::Array(element) => CompositeInnerType::Array(ArrayType(field(element))),
        Shape::Func => CompositeInnerType::Func(FuncType::new([], [ValType::I64])),
    };
    SubType {
        is_final: def.is_final,
        supertype_idx: def.supertype,
        composite_type: CompositeType {
            inner,
            shared: false,
            descriptor: None,
            describes: None,
        },
    }
}

fn table_section(places: &[Place]) -> TableSection {
    let mut section = TableSection::new();
    for place in places {
        section.table(other::table(place.heap));
    }
    section
}

fn tags(world: &World, signatures: &Signatures) -> TagSection {
    let mut section = TagSection::new();
    for number in 0..world.tags.len() as u32 {
        section.tag(tag(signatures.tags + 3 * number));
    }
    section
}

/// The digest, and those of the setting.
fn globals(places: &[Place]) -> GlobalSection {
    let mut section = GlobalSection::new();
    section.global(variable(ValType::I64), &ConstExpr::i64_const(0));
    for place in places {
        let null = ConstExpr::ref_null(place.heap.encoded());
        let reference = RefTy::null(place.heap).encoded();
        section.global(variable(ValType::Ref(reference)), &null);
    }
    section
}

/// The segments, and a declaration of the functions that are referred to.
fn elements(world: &World) -> ElementSection {
    let mut section = ElementSection::new();
    for segment in &world.segments {
        let made: Vec<ConstExpr> = segment
            .made
            .iter()
            .map(|constant| constant_expression(world, *constant, segment.heap))
            .collect();
        let ty = RefTy::null(segment.heap).encoded();
        section.passive(Elements::Expressions(ty, made.into()));
    }
    let functions: Vec<u32> = (0..world.functions.len() as u32)
        .map(|it| world.function(it))
        .collect();
    if !functions.is_empty() {
        section.declared(Elements::Functions(functions.into()));
    }
    section
}

fn constant_expression(world: &World, constant: Constant, heap: Heap) -> ConstExpr {
    match constant {
        Constant::Null => ConstExpr::ref_null(heap.encoded()),
        Constant::I31(number) => ConstExpr::extended([
            wasm_encoder::Instruction::I32Const(number.cast_signed()),
            wasm_encoder::Instruction::RefI31,
        ]),
        Constant::New(ty) => ConstExpr::extended([wasm_encoder::Instruction::StructNewDefault(ty)]),
        Constant::Func(number) => ConstExpr::ref_func(world.function(number)),
    }
}

fn code(world: &World, bodies: &[Body]) -> CodeSection {
    let mut section = CodeSection::new();
    for number in 0..world.functions.len() as u32 {
        let mut f = Function::new([]);
        f.instructions().i64_const(given_by(number)).end();
        section.function(&f);
    }
    section.function(&walker(&world.types, &world.objects, world.walker()));
    let mut passer = Function::new([]);
    passer.instructions().call(COLLECT).local_get(0).end();
    section.function(&passer);
    for body in bodies {
        let mut locals = vec![(1, ValType::I64), (1, ValType::Ref(RefType::EXTERNREF))];
        locals.extend(body.locals.iter().map(|&ty| (1, ty)));
        let mut f = Function::new(locals);
        f.raw(body.code.iter().copied());
        f.instructions().end();
        section.function(&f);
    }
    section
}
