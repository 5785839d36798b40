//! The module of a case.

use super::setting::Setting;
use super::world::{MEMORY_PAGES, MORE_ELEMENTS, SPARE_ELEMENTS, Sig, World};
use crate::stress::exception_ops::value::Ty;
use crate::stress::numbers::SEED_VALUE;
use crate::stress::parts::{self, export_functions, variable};
use crate::{Bare, Draft, DraftCall};
use assay_engine::{Features, names};
use assay_module::Telling;
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, EntityType, ExportKind, ExportSection, FieldType,
    FunctionSection, GlobalSection, ImportSection, MemorySection, MemoryType, Module, RefType,
    StartSection, StorageType, TableSection, TagSection, TypeSection, ValType,
};

fn encoded(types: &[Ty]) -> Vec<ValType> {
    types.iter().map(|ty| ty.encoded()).collect()
}

impl World {
    /// The index of a type of functions. Before them there is the structure, if there is one.
    pub fn type_index(&self, sig: Sig) -> u32 {
        u32::from(self.setting.has_structs())
            + match sig {
                Sig::Plain => 0,
                Sig::Export => 1,
                Sig::Import(number) => 2 + number,
            }
    }

    /// The index of the tag's type.
    fn tag_type(&self) -> u32 {
        self.type_index(Sig::Import(self.setting.imports.len() as u32))
    }

    /// The index of the type of a block that ends with the tag's payload.
    pub fn landing_type(&self) -> u32 {
        self.tag_type() + 1
    }

    fn has_tag(&self) -> bool {
        self.setting.features.contains(Features::EXCEPTIONS)
    }
}

/// The module, the calls and the answers.
pub fn draft(setting: &Setting, mut world: World) -> Draft {
    world.end_all();
    let called = world.calls.iter().map(|&(function, _)| {
        let export = world.functions[function as usize].export.clone();
        DraftCall {
            export: export.unwrap_or_default(),
            args: setting.argument_values(),
        }
    });
    let answers = world.calls.iter().map(|(_, outcome)| outcome.clone());
    let bare = setting.bare.then(|| Bare {
        functions: world.host.functions().to_vec(),
        exports: (1, world.has_tag().into()),
        ..Bare::default()
    });
    Draft {
        wasm: module(&world),
        calls: called.collect(),
        answers: answers.collect(),
        features: setting.features,
        fuse: setting.fuse,
        state: if setting.digest {
            Telling::Digest
        } else {
            Telling::Slots
        },
        uncaught: world.called_back.clone(),
        ends: true,
        met: world.met.clone(),
        host_seed: setting.host_seed,
        actions: world.host.actions(),
        bare,
        ..Draft::default()
    }
}

fn module(world: &World) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&types(world));
    module.section(&imports(world));
    let mut functions = FunctionSection::new();
    for function in &world.functions {
        functions.function(world.type_index(function.sig));
    }
    module.section(&functions);
    module.section(&tables(world));
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: MEMORY_PAGES.0.into(),
        maximum: Some(MEMORY_PAGES.1.into()),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    module.section(&memories);
    if world.has_tag() {
        let mut tags = TagSection::new();
        tags.tag(parts::tag(world.tag_type()));
        module.section(&tags);
    }
    module.section(&globals());
    module.section(&exports(world));
    if let Some(start) = world.start {
        let function_index = world.index(start);
        module.section(&StartSection { function_index });
    }
    module.section(&elements(world));
    module.section(&code(world));
    module.finish()
}

fn types(world: &World) -> TypeSection {
    let mut section = TypeSection::new();
    if world.setting.has_structs() {
        let field = FieldType {
            element_type: StorageType::Val(ValType::I64),
            mutable: false,
        };
        section.ty().struct_([field]);
    }
    let imports = 0..world.setting.imports.len() as u32;
    for sig in [Sig::Plain, Sig::Export]
        .into_iter()
        .chain(imports.map(Sig::Import))
    {
        let (params, results) = (world.params(sig), world.results(sig));
        section.ty().function(encoded(&params), encoded(&results));
    }
    let fields = encoded(&world.setting.fields);
    section.ty().function(fields.clone(), []);
    section.ty().function([], fields);
    section
}

fn imports(world: &World) -> ImportSection {
    let mut section = ImportSection::new();
    let module = if world.setting.bare {
        names::HOST_MODULE
    } else {
        "host"
    };
    for number in 0..world.setting.imports.len() as u32 {
        let ty = world.type_index(Sig::Import(number));
        section.import(module, &number.to_string(), EntityType::Function(ty));
    }
    section
}

fn tables(world: &World) -> TableSection {
    let minimum = u64::from(world.setting.imports.len() as u32 + SPARE_ELEMENTS);
    let mut section = TableSection::new();
    let maximum = minimum + u64::from(MORE_ELEMENTS);
    section.table(parts::table(RefType::FUNCREF, minimum, maximum));
    section
}

fn globals() -> GlobalSection {
    let ty = variable(ValType::I64);
    let mut section = GlobalSection::new();
    section.global(ty, &ConstExpr::i64_const(0));
    section.global(ty, &ConstExpr::i64_const(SEED_VALUE.cast_signed()));
    section
}

fn exports(world: &World) -> ExportSection {
    let mut section = ExportSection::new();
    let names = world.functions.iter().map(|it| it.export.as_ref());
    export_functions(&mut section, world.index(0), names);
    if world.setting.bare {
        section.export(&names::memory(0), ExportKind::Memory, 0);
        section.export(&names::table(0), ExportKind::Table, 0);
        if world.has_tag() {
            section.export(&names::tag(0), ExportKind::Tag, 0);
        }
    }
    section
}

/// The table begins with the imports. A declaration has what is referred to otherwise.
fn elements(world: &World) -> ElementSection {
    let imports = (0..world.setting.imports.len() as u32).collect();
    let referred = world.referred.iter().copied().collect();
    parts::elements(None, imports, referred)
}

fn code(world: &World) -> CodeSection {
    let mut section = CodeSection::new();
    for function in &world.functions {
        let params = world.params(function.sig).len();
        section.function(&function.body.encoded(params));
    }
    section
}
