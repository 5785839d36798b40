//! The modules of a case, and its answers.
//!
//! The first module has what all share (globals, the table, tags, the memory with the shadow stack);
//! the others import it. A module imports functions of those before it, and puts its own into the
//! table for those before.

use super::body::{Callee, Piece, Sig};
use super::corners::of_case;
use super::model::{Place, Tail, Taken};
use super::sections::memory;
use super::setting::Setting;
use super::types::{TAGS, Types};
use super::world::{Function, World};
use crate::{Bare, Draft, DraftCall};
use assay_engine::{Features, Frame, Module as Named, Stack};
use std::collections::{BTreeMap, BTreeSet};
use wasm_encoder::{
    BlockType, CodeSection, FunctionSection, HeapType, Instruction as I, MemorySection, Module,
    StartSection, TableSection,
};
use wasmparser::{Parser, Payload};
/// The modules, the calls and the answers.
pub fn draft(setting: &Setting, mut world: World) -> Draft {
    world.end_all();
    let linked = Linked::new(&world);
    let encoded: Vec<Encoded> = (0..setting.modules).map(|it| linked.encode(it)).collect();
    let calls = world.calls.iter().map(|call| DraftCall {
        export: linked.name(call.function),
        args: setting
            .params
            .iter()
            .zip(0..)
            .map(|(ty, place)| ty.value(place))
            .collect(),
    });
    let mut answers = Vec::new();
    let mut stacks = Vec::new();
    let mut met = world.model.met.clone();
    for (outcome, taken) in &world.model.calls {
        answers.push(outcome.clone());
        let of_call: Vec<Stack> = taken.iter().map(|it| linked.stack(&encoded, it)).collect();
        of_case(&mut met, &of_call);
        stacks.push(of_call);
    }
    let tags = if linked.has_tags() { TAGS } else { 0 };
    let mut modules: Vec<Vec<u8>> = Vec::new();
    let calls = calls.collect();
    for module in encoded {
        modules.push(module.wasm);
    }
    let wasm = modules.pop().unwrap_or_default();
    let before = (0..).zip(modules).map(|(number, wasm)| Named {
        name: module_name(number),
        wasm,
    });
    Draft {
        wasm,
        calls,
        answers,
        stacks,
        met,
        features: setting.features,
        host_seed: setting.host_seed,
        bare: Some(Bare {
            before: before.collect(),
            functions: world.model.host.functions().to_vec(),
            exports: (0, tags),
            stacks: true,
        }),
        ..Draft::default()
    }
}

/// The name of a module.
pub(super) fn module_name(module: u32) -> String {
    format!("m{module}")
}

/// A module in the binary format, and where in it the marks of its functions are.
struct Encoded {
    wasm: Vec<u8>,
    marks: BTreeMap<u32, Vec<u32>>,
}

/// What is known once all functions are there.
pub(super) struct Linked<'a> {
    pub(super) world: &'a World,
    /// The functions that each module imports, and its own.
    pub(super) imports: Vec<BTreeSet<u32>>,
    pub(super) own: Vec<Vec<u32>>,
}

impl<'a> Linked<'a> {
    fn new(world: &'a World) -> Self {
        let count = world.setting.modules as usize;
        let mut imports = vec![BTreeSet::new(); count];
        let mut own = vec![Vec::new(); count];
        for (number, function) in (0..).zip(&world.functions) {
            let module = function.module as usize;
            own[module].push(number);
            if function.export.is_some() && module + 1 < count {
                imports[count - 1].insert(number);
            }
            for callee in referred(function) {
                if let Callee::Own(callee) = callee
                    && world.functions[callee as usize].module != function.module
                {
                    imports[module].insert(callee);
                }
            }
        }
        Self {
            world,
            imports,
            own,
        }
    }

    pub(super) fn setting(&self) -> &Setting {
        &self.world.setting
    }

    pub(super) fn has_tags(&self) -> bool {
        self.setting().features.contains(Features::EXCEPTIONS)
    }

    pub(super) fn is_main(&self, module: u32) -> bool {
        module == self.world.main()
    }

    /// The name under which the main module exports a function.
    fn name(&self, function: u32) -> String {
        let export = &self.world.functions[function as usize].export;
        export.clone().unwrap_or_default()
    }

    /// How many functions of the host's a module imports.
    pub(super) fn hosts(&self, module: u32) -> u32 {
        if self.is_main(module) {
            self.setting().hosts
        } else {
            0
        }
    }

    /// The index of a function in a module: the host's come first, then what else is imported.
    pub(super) fn index(&self, module: u32, callee: Callee) -> u32 {
        let function = match callee {
            Callee::Host(number) => return number,
            Callee::Own(function) => function,
        };
        let hosts = self.hosts(module);
        let imports = &self.imports[module as usize];
        if let Some(place) = imports.iter().position(|&it| it == function) {
            return hosts + place as u32;
        }
        let own = &self.own[module as usize];
        let place = own.iter().position(|&it| it == function).unwrap_or(0);
        hosts + (imports.len() + place) as u32
    }

    /// A stack in the words of engines.
    fn stack(&self, encoded: &[Encoded], taken: &Taken) -> Stack {
        let frame = |place: &Place| {
            let module = self.world.functions[place.function as usize].module;
            let marks = encoded[module as usize].marks.get(&place.function);
            let offset = marks.and_then(|marks| marks.get(place.mark as usize));
            Frame {
                module: Some(module),
                function: self.index(module, Callee::Own(place.function)),
                offset: offset.copied(),
                gone: place.gone,
            }
        };
        Stack {
            moment: taken.moment,
            frames: taken.places.iter().map(frame).collect(),
        }
    }

    fn encode(&self, module: u32) -> Encoded {
        let mut out = Module::new();
        out.section(&Types::section(self.setting(), &self.types(module)));
        out.section(&self.import_section(module));
        let mut functions = FunctionSection::new();
        for &function in &self.own[module as usize] {
            let sig = self.world.functions[function as usize].sig;
            functions.function(Types::signature(self.setting(), sig));
        }
        out.section(&functions);
        if module == 0 {
            let mut tables = TableSection::new();
            tables.table(self.table());
            out.section(&tables);
        }
        if module == 0 || !self.shares_memory() {
            let mut memories = MemorySection::new();
            memories.memory(memory());
            out.section(&memories);
        }
        if module == 0 {
            self.shared_sections(&mut out);
        }
        out.section(&self.export_section(module));
        if let (Some(start), true) = (self.world.start, self.is_main(module)) {
            let function_index = self.index(module, Callee::Own(start));
            out.section(&StartSection { function_index });
        }
        out.section(&self.element_section(module));
        let mut code = CodeSection::new();
        let mut marks = BTreeMap::new();
        for &function in &self.own[module as usize] {
            let (body, places) = self.function(module, function);
            code.function(&body);
            marks.insert(function, places);
        }
        out.section(&code);
        let wasm = out.finish();
        for (places, start) in marks.values_mut().zip(bodies(&wasm)) {
            places.iter_mut().for_each(|place| *place += start);
        }
        Encoded { wasm, marks }
    }

    /// The types that a module uses.
    fn types(&self, module: u32) -> BTreeSet<u32> {
        let own = &self.own[module as usize];
        let functions = own.iter().chain(&self.imports[module as usize]);
        let functions = functions.map(|&it| self.world.functions[it as usize].sig);
        let hosts = (0..self.hosts(module)).map(Sig::Host);
        let bodies = own
            .iter()
            .flat_map(|&it| &self.world.functions[it as usize].body);
        let pieces = || bodies.clone().flat_map(|body| &body.code);
        let named = pieces().filter_map(|piece| match *piece {
            Piece::Indirect(sig, _)
            | Piece::ByReference(sig, _)
            | Piece::Null(sig)
            | Piece::Cast(sig) => Some(sig),
            _ => None,
        });
        let of_blocks = pieces().filter_map(|piece| match *piece {
            Piece::Plain(I::Block(BlockType::FunctionType(ty))) => Some(ty),
            _ => None,
        });
        let signatures = functions.chain(hosts).chain(named);
        let tags = (0..TAGS).filter(|_| self.has_tags());
        signatures
            .map(|sig| Types::signature(self.setting(), sig))
            .chain(of_blocks)
            .chain(tags)
            .collect()
    }

    /// A function, and how far behind the beginning of its body its marks are.
    fn function(&self, module: u32, function: u32) -> (wasm_encoder::Function, Vec<u32>) {
        let mut marks = Vec::new();
        let Some(body) = &self.world.functions[function as usize].body else {
            return (wasm_encoder::Function::new([]), marks);
        };
        let locals = body.locals.iter().skip(body.params);
        let mut f = wasm_encoder::Function::new_with_locals_types(locals.copied());
        for piece in &body.code {
            match piece {
                Piece::Plain(instruction) => _ = f.instruction(instruction),
                Piece::Mark => marks.push(f.byte_len() as u32),
                other => _ = f.instruction(&self.resolve(module, other)),
            }
        }
        f.instruction(&I::End);
        (f, marks)
    }

    /// The instruction that a part of the code is in this module.
    fn resolve(&self, module: u32, piece: &Piece) -> I<'static> {
        let index = |callee| self.index(module, callee);
        let signature = |sig| Types::signature(self.setting(), sig);
        match *piece {
            Piece::Plain(ref instruction) => instruction.clone(),
            Piece::Mark => I::Nop,
            Piece::Call(callee) => I::Call(index(callee)),
            Piece::ReturnCall(callee) => I::ReturnCall(index(callee)),
            Piece::Ref(callee) => I::RefFunc(index(callee)),
            Piece::Indirect(sig, Tail::No) => I::CallIndirect {
                type_index: signature(sig),
                table_index: 0,
            },
            Piece::Indirect(sig, Tail::Yes) => I::ReturnCallIndirect {
                type_index: signature(sig),
                table_index: 0,
            },
            Piece::ByReference(sig, Tail::No) => I::CallRef(signature(sig)),
            Piece::ByReference(sig, Tail::Yes) => I::ReturnCallRef(signature(sig)),
            Piece::Null(sig) => I::RefNull(HeapType::Concrete(signature(sig))),
            Piece::Cast(sig) => I::RefCastNonNull(HeapType::Concrete(signature(sig))),
        }
    }
}

/// The functions that code refers to by their indices.
fn referred(function: &Function) -> impl Iterator<Item = Callee> {
    let code = function.body.iter().flat_map(|body| &body.code);
    code.filter_map(|piece| match piece {
        Piece::Call(callee) | Piece::ReturnCall(callee) | Piece::Ref(callee) => Some(*callee),
        _ => None,
    })
}

/// Where the bodies of the functions begin in a binary, behind their sizes.
fn bodies(wasm: &[u8]) -> Vec<u32> {
    let payloads = Parser::new(0).parse_all(wasm).filter_map(Result::ok);
    let bodies = payloads.filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => Some(body.range().start as u32),
        _ => None,
    });
    bodies.collect()
}
