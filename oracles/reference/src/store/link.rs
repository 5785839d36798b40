//! Instantiation (chapter 4, section "Instantiation") and the matching of imports.

use super::instance::{FuncInst, FuncKind, GlobalInst, InstanceData};
use super::{Extern, Func, Global, Instance, Memory, Ref, Store, Table, Tag};
use crate::coverage;
use crate::instructions::bulk::part_mut;
use crate::machine::{self, Host, Stop};
use crate::module::{ConstExpr, ImportType, Items, Mode, Module, ModuleData};
use crate::types::TypeId;
use assay_engine::Trap;
use std::sync::Arc;

/// Why an import is not satisfied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not as many were given as the module has.
    #[error("{wanted} imports are wanted, {given} given")]
    Count {
        /// How many the module has.
        wanted: usize,
        /// How many were given.
        given: usize,
    },
    /// One is of another kind or type.
    #[error("incompatible import type for {module:?} {name:?}")]
    Type {
        /// The module name of the import.
        module: String,
        /// The name of the import.
        name: String,
    },
}

/// Why there is no instance.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InstantiationError {
    /// The imports do not match.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A segment, a constant expression or the start function did not come to its end.
    #[error(transparent)]
    Stop(#[from] Stop),
}

impl Store {
    /// Instantiates a module with these imports, in its order, and runs its start function.
    ///
    /// # Errors
    ///
    /// When the imports do not match, or something that runs traps, throws, or runs into a limit.
    /// What it has written by then to imported tables and memories stays.
    pub fn instantiate(
        &mut self,
        host: &mut dyn Host,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance, InstantiationError> {
        let data = Arc::clone(&module.0);
        let instance = self.link(module, imports)?;
        Instantiation {
            store: self,
            host,
            module: &data,
            instance: instance.0,
        }
        .run()?;
        if let Some(start) = mutate!(data.start, StartIgnored => None) {
            let start = self.instances[instance.0 as usize].funcs[start as usize];
            machine::invoke(self, host, Func(start), &[])?;
        }
        Ok(instance)
    }

    /// Makes an instance of imports and functions; the rest is for [`Instantiation`].
    fn link(&mut self, module: &Module, imports: &[Extern]) -> Result<Instance, LinkError> {
        let data = &module.0;
        let types = self.types.add_module(&data.groups);
        let mut instance = InstanceData {
            module: self.modules.len() as u32,
            types: types.into(),
            dropped: vec![false; data.datas.len()],
            ..InstanceData::default()
        };
        let (wanted, given) = (data.imports.len(), imports.len());
        if wanted != given {
            return Err(LinkError::Count { wanted, given });
        }
        for (import, &given) in data.imports.iter().zip(imports) {
            if !self.satisfies(given, import.ty, &instance.types) {
                let (module, name) = (import.module.clone(), import.name.clone());
                return Err(LinkError::Type { module, name });
            }
            match given {
                Extern::Func(Func(address)) => instance.funcs.push(address),
                Extern::Table(Table(address)) => instance.tables.push(address),
                Extern::Memory(Memory(address)) => instance.memories.push(address),
                Extern::Global(Global(address)) => instance.globals.push(address),
                Extern::Tag(Tag(address)) => instance.tags.push(address),
            }
        }
        let number = self.instances.len() as u32;
        for (body, function) in data.bodies.iter().enumerate() {
            let kind = FuncKind::Wasm {
                instance: number,
                module: instance.module,
                body: body as u32,
            };
            instance.funcs.push(self.funcs.len() as u32);
            self.funcs.push(FuncInst {
                ty: instance.types[function.ty as usize],
                kind,
            });
        }
        for &tag in &data.spaces.tags[instance.tags.len()..] {
            instance.tags.push(self.tags.len() as u32);
            self.tags.push(instance.types[tag as usize]);
        }
        Arc::make_mut(&mut self.modules).push(module.clone());
        self.instances.push(instance);
        Ok(Instance(number))
    }

    /// Whether something can stand for an import.
    fn satisfies(&self, given: Extern, wanted: ImportType, types: &[TypeId]) -> bool {
        let mut name = |index: u32| types[index as usize];
        match (given, wanted) {
            (Extern::Func(func), ImportType::Func(wanted)) => {
                let (given, wanted) = (self.funcs[func.0 as usize].ty, name(wanted));
                mutate!(self.types.is_subtype(given, wanted), ImportOfSubtype => given == wanted)
            }
            (Extern::Table(table), ImportType::Table(wanted)) => {
                let given = self.tables[table.0 as usize].present_type();
                given.matches(wanted.map(&mut name), &self.types)
            }
            (Extern::Memory(memory), ImportType::Memory(wanted)) => self.memories
                [memory.0 as usize]
                .present_type()
                .matches(wanted),
            (Extern::Global(global), ImportType::Global(wanted)) => self.globals[global.0 as usize]
                .ty
                .matches(wanted.map(&mut name), &self.types),
            (Extern::Tag(tag), ImportType::Tag(wanted)) => {
                mutate!(self.tags[tag.0 as usize] == name(wanted), ImportAnyTag => true)
            }
            _ => false,
        }
    }
}

/// The steps of an instantiation behind linking.
struct Instantiation<'a> {
    store: &'a mut Store,
    host: &'a mut dyn Host,
    module: &'a ModuleData,
    instance: u32,
}

impl Instantiation<'_> {
    fn data(&mut self) -> &mut InstanceData {
        &mut self.store.instances[self.instance as usize]
    }

    fn run(mut self) -> Result<(), Stop> {
        self.memories()?;
        self.globals()?;
        self.tables()?;
        self.evaluate_elements()?;
        mutate!(DatasFirst => self.copy_datas()?);
        self.copy_elements()?;
        self.copy_datas()
    }

    fn constant(&mut self, expr: &ConstExpr) -> Result<[u64; 2], Stop> {
        match expr {
            ConstExpr::Value(slots, operator) => {
                if let Some(recorder) = &mut self.store.recorder {
                    recorder.ran(*operator);
                    recorder.ran(coverage::END);
                }
                Ok(*slots)
            }
            ConstExpr::Code(code) => machine::evaluate(self.store, self.host, code, self.instance),
        }
    }

    fn memories(&mut self) -> Result<(), Stop> {
        for &ty in &self.module.memory_defs {
            let memory = self.store.new_memory(ty)?;
            self.data().memories.push(memory.0);
        }
        Ok(())
    }

    fn globals(&mut self) -> Result<(), Stop> {
        for global in &self.module.global_defs {
            let value = self.constant(&global.init)?;
            let types = Arc::clone(&self.data().types);
            let ty = global.ty.map(&mut |index| types[index as usize]);
            let address = self.store.globals.len() as u32;
            self.store.globals.push(GlobalInst { ty, value });
            self.data().globals.push(address);
        }
        Ok(())
    }

    fn tables(&mut self) -> Result<(), Stop> {
        for table in &self.module.table_defs {
            let init = match &table.init {
                Some(init) => self.constant(init)?[0],
                None => Ref::NULL.0,
            };
            let types = Arc::clone(&self.data().types);
            let ty = table.ty.map(&mut |index| types[index as usize]);
            let table = self.store.new_table(ty, Ref(init))?;
            self.data().tables.push(table.0);
        }
        Ok(())
    }

    /// The references of all segments. Each lies in the instance as soon as it is there, so that
    /// a collection finds it.
    fn evaluate_elements(&mut self) -> Result<(), Stop> {
        for (index, element) in self.module.elements.iter().enumerate() {
            self.data().elements.push(Vec::new());
            match &element.items {
                Items::Funcs(funcs) => {
                    let data = self.data();
                    let reference = |&func: &u32| Ref::func(data.funcs[func as usize]).0;
                    data.elements[index] = funcs.iter().map(reference).collect();
                }
                Items::Exprs(exprs) => {
                    for expr in exprs {
                        let value = self.constant(expr)?[0];
                        self.data().elements[index].push(value);
                    }
                }
            }
        }
        Ok(())
    }

    fn copy_elements(&mut self) -> Result<(), Stop> {
        for (index, element) in self.module.elements.iter().enumerate() {
            if let Mode::Active { target, offset } = &element.mode {
                let offset = self.constant(offset)?[0];
                let table = self.data().tables[*target as usize] as usize;
                let elements = &mut self.data().elements[index];
                let elements =
                    mutate!(std::mem::take(elements), ActiveElementStays => elements.clone());
                let place = part_mut(
                    &mut self.store.tables[table].elements,
                    offset,
                    elements.len(),
                );
                place
                    .ok_or(Trap::OutOfBoundsTableAccess)?
                    .copy_from_slice(&elements);
            } else if matches!(element.mode, Mode::Declared) {
                self.data().elements[index] = Vec::new();
            }
        }
        Ok(())
    }

    fn copy_datas(&mut self) -> Result<(), Stop> {
        for (index, data) in self.module.datas.iter().enumerate() {
            if let Mode::Active { target, offset } = &data.mode {
                let offset = self.constant(offset)?[0];
                let memory = self.data().memories[*target as usize] as usize;
                let bytes = self.module.bytes(&data.bytes);
                let place = part_mut(&mut self.store.memories[memory].data, offset, bytes.len());
                place
                    .ok_or(Trap::OutOfBoundsMemoryAccess)?
                    .copy_from_slice(bytes);
                self.data().dropped[index] = true;
            }
        }
        Ok(())
    }
}
