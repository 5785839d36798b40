//! From a script of the suite to one for an engine, with what is expected of each outcome.

use crate::encode::Unit;
use crate::expected::Expected;
use crate::host::{self, Part};
use crate::needs::Needs;
use crate::patterns;
use crate::report::Skip;
use crate::wrapper::{self, Kind, Wrapped};
use assay_engine::script::{Action, Source};
use assay_engine::{Limits, Script, Value};
use assay_module::types::Type;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use wast::token::Id;
use wast::{QuoteWat, WastDirective, WastExecute, WastInvoke};

/// What a script may spend: a memory of 4 GiB is asked for, and the largest heaps are small.
const LIMITS: Limits = Limits {
    time_ms: 60_000,
    stack_bytes: 1 << 20,
    gc_heap_bytes: 1 << 30,
};

/// What to ask of an engine, and what to expect.
pub(crate) struct Plan<'a> {
    pub script: Script,
    /// For each directive.
    pub checks: Vec<Result<Check<'a>, Stop>>,
}

/// What is expected of an action.
pub(crate) struct Check<'a> {
    pub action: usize,
    pub expected: Expected<'a>,
    /// The types of the results, where slots carry them.
    pub carried: Option<Vec<Type>>,
    /// The actions that made what this one needs, for the one who asks why it is not there.
    pub needs: Vec<usize>,
}

/// Why a directive is not asked of the engine.
pub(crate) enum Stop {
    Skip(Skip),
    /// It says what cannot be.
    Broken(String),
}

impl From<Skip> for Stop {
    fn from(skip: Skip) -> Self {
        Self::Skip(skip)
    }
}

impl From<String> for Stop {
    fn from(what: String) -> Self {
        Self::Broken(what)
    }
}

type Planned<T> = Result<T, Stop>;

/// An instance that an action makes.
#[derive(Clone)]
struct Made {
    action: usize,
    unit: Rc<Unit>,
}

/// A function that is called: itself, or its wrapper.
#[derive(Clone)]
struct Callee {
    /// The action that makes the instance.
    instance: usize,
    export: String,
    params: Rc<[Type]>,
    results: Rc<[Type]>,
}

/// Makes a plan, directive by directive.
pub(crate) struct Planner {
    needs: Needs,
    script: Script,
    /// Modules that were defined, and the last of them; those that are skipped too.
    definitions: HashMap<String, Result<Rc<Unit>, Skip>>,
    definition: Option<Result<Rc<Unit>, Skip>>,
    instances: HashMap<String, Result<Made, Skip>>,
    instance: Option<Result<Made, Skip>>,
    registered: HashMap<String, Result<Made, Skip>>,
    hosts: HashMap<Part, Result<Made, Skip>>,
    /// By the action of the instance, the kind and name of the export.
    callees: HashMap<(usize, Kind, String), Callee>,
}

/// Plans all directives of a script.
pub(crate) fn plan<'a>(directives: Vec<WastDirective<'a>>, needs: Needs) -> Plan<'a> {
    let mut planner = Planner::new(needs);
    let checks = directives.into_iter().map(|it| planner.directive(it));
    Plan {
        checks: checks.collect(),
        script: planner.script,
    }
}

impl Planner {
    fn new(needs: Needs) -> Self {
        Self {
            needs,
            script: Script {
                actions: Vec::new(),
                limits: LIMITS,
            },
            definitions: HashMap::new(),
            definition: None,
            instances: HashMap::new(),
            instance: None,
            registered: HashMap::new(),
            hosts: HashMap::new(),
            callees: HashMap::new(),
        }
    }

    fn directive<'a>(&mut self, directive: WastDirective<'a>) -> Planned<Check<'a>> {
        use WastDirective as D;
        match directive {
            D::Module(mut wat) => {
                let name = wat.name();
                let unit = self.unit(&mut wat);
                self.define(name, &unit)?;
                self.module(name, unit)
            }
            D::ModuleDefinition(mut wat) => {
                let unit = self.unit(&mut wat);
                self.define(wat.name(), &unit)?;
                Ok(self.compile(&*unit?, Expected::Success))
            }
            D::ModuleInstance {
                instance, module, ..
            } => {
                let unit = self.defined(module)?.map_err(Stop::from);
                self.module(instance, unit)
            }
            D::Register { name, module, .. } => {
                let made = self.named(module)?;
                self.registered.insert(name.to_owned(), made.clone());
                Ok(Check::of(made?.action, Expected::Success))
            }
            D::Invoke(invoke) => self.invoke(&invoke, Expected::Success),
            D::AssertMalformed { module, .. } | D::AssertInvalid { module, .. } => {
                self.refused(module)
            }
            D::AssertReturn { exec, results, .. } => self.execute(exec, Expected::Results(results)),
            D::AssertTrap { exec, message, .. } => self.execute(exec, Expected::Trap(message)),
            D::AssertExhaustion { call, .. } => self.invoke(&call, Expected::Exhaustion),
            D::AssertException { exec, .. } => self.execute(exec, Expected::Exception),
            D::AssertUnlinkable { module, .. } => {
                let unit = self.met(Unit::encode_wat(module)?)?;
                let made = self.instantiate(unit)?;
                Ok(self.check(made.action, Expected::Unlinkable))
            }
            D::AssertMalformedCustom { .. } | D::AssertInvalidCustom { .. } => {
                Err(Skip::CustomSection.into())
            }
            D::Thread(_) | D::Wait { .. } => Err(Skip::Agents.into()),
            D::AssertSuspension { .. } => Err("continuations".to_owned().into()),
        }
    }

    fn act(&mut self, action: Action) -> usize {
        self.script.actions.push(action);
        self.script.actions.len() - 1
    }

    fn check<'a>(&self, action: usize, expected: Expected<'a>) -> Check<'a> {
        let needs = match &self.script.actions[action] {
            Action::Compile { .. } => Vec::new(),
            Action::Instantiate { sources, .. } => sources.iter().map(|it| it.instance).collect(),
            Action::Call { instance, .. } => vec![*instance],
        };
        Check {
            needs,
            ..Check::of(action, expected)
        }
    }

    /// Encodes a module, whose needs the engine must meet.
    fn unit(&self, wat: &mut QuoteWat<'_>) -> Planned<Rc<Unit>> {
        self.met(Unit::encode(wat)?)
    }

    fn met(&self, unit: Unit) -> Planned<Rc<Unit>> {
        self.needs.met(&unit.wasm)?;
        Ok(Rc::new(unit))
    }

    fn define(&mut self, name: Option<Id<'_>>, unit: &Planned<Rc<Unit>>) -> Planned<()> {
        let unit = kept(unit)?;
        if let Some(name) = name {
            self.definitions
                .insert(name.name().to_owned(), unit.clone());
        }
        self.definition = Some(unit);
        Ok(())
    }

    fn defined(&self, name: Option<Id<'_>>) -> Planned<Result<Rc<Unit>, Skip>> {
        let unit = match name {
            Some(name) => self.definitions.get(name.name()).cloned(),
            None => self.definition.clone(),
        };
        unit.ok_or_else(|| Stop::Broken(format!("there is no module {name:?}")))
    }

    fn compile<'a>(&mut self, unit: &Unit, expected: Expected<'a>) -> Check<'a> {
        let wasm = unit.wasm.clone();
        Check::of(self.act(Action::Compile { wasm }), expected)
    }

    /// Makes an instance that later directives may name.
    fn module<'a>(&mut self, name: Option<Id<'_>>, unit: Planned<Rc<Unit>>) -> Planned<Check<'a>> {
        let made = unit.and_then(|unit| self.instantiate(unit));
        let instance = kept(&made)?;
        if let Some(name) = name {
            self.instances
                .insert(name.name().to_owned(), instance.clone());
        }
        self.instance = Some(instance);
        Ok(self.check(made?.action, Expected::Success))
    }

    fn instantiate(&mut self, unit: Rc<Unit>) -> Planned<Made> {
        let names: BTreeSet<&str> = unit.info.imports.iter().map(|it| &*it.module).collect();
        let mut sources = Vec::new();
        for name in names {
            let source = match self.registered.get(name) {
                Some(made) => made.clone()?,
                None if name == host::NAME => self.host(&unit)?,
                None => continue,
            };
            sources.push(Source {
                name: name.to_owned(),
                instance: source.action,
            });
        }
        let wasm = unit.wasm.clone();
        let action = self.act(Action::Instantiate { wasm, sources });
        Ok(Made { action, unit })
    }

    /// The part of `spectest` that a module imports from.
    fn host(&mut self, unit: &Unit) -> Planned<Made> {
        let imports = unit.info.imports.iter();
        let fields = imports.filter(|it| it.module == host::NAME);
        let part = Part::of(fields.map(|it| &*it.field));
        if let Some(made) = self.hosts.get(&part) {
            return Ok(made.clone()?);
        }
        let made = Unit::parse(part.text())
            .map_err(Stop::from)
            .and_then(|unit| self.met(unit))
            .and_then(|unit| self.instantiate(unit));
        self.hosts.insert(part, kept(&made)?);
        made
    }

    fn named(&self, name: Option<Id<'_>>) -> Planned<Result<Made, Skip>> {
        let made = match name {
            Some(name) => self.instances.get(name.name()).cloned(),
            None => self.instance.clone(),
        };
        made.ok_or_else(|| Stop::Broken(format!("there is no instance {name:?}")))
    }

    fn refused<'a>(&mut self, mut module: QuoteWat<'_>) -> Planned<Check<'a>> {
        let unit = Unit::encode(&mut module).map_err(|_| Skip::Text)?;
        self.needs.refusable(&unit.wasm)?;
        Ok(self.compile(&unit, Expected::Refused))
    }

    fn execute<'a>(&mut self, exec: WastExecute<'_>, expected: Expected<'a>) -> Planned<Check<'a>> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke, expected),
            WastExecute::Get { module, global, .. } => {
                let made = self.named(module)??;
                let callee = self.callee(&made, Kind::Global, global)?;
                Ok(self.call(callee, Vec::new(), expected))
            }
            WastExecute::Wat(wat) => {
                let unit = self.met(Unit::encode_wat(wat)?)?;
                let made = self.instantiate(unit)?;
                Ok(self.check(made.action, expected))
            }
        }
    }

    fn invoke<'a>(
        &mut self,
        invoke: &WastInvoke<'_>,
        expected: Expected<'a>,
    ) -> Planned<Check<'a>> {
        let made = self.named(invoke.module)??;
        let callee = self.callee(&made, Kind::Function, invoke.name)?;
        if callee.params.len() != invoke.args.len() {
            return Err(format!("{} arguments", invoke.args.len()).into());
        }
        let mut slots = Vec::with_capacity(invoke.args.len());
        for (&ty, arg) in callee.params.iter().zip(&invoke.args) {
            let value = patterns::argument(arg).and_then(|value| wrapper::slots(ty, value));
            slots.extend(value.ok_or_else(|| format!("the argument {arg:?} of type {ty:?}"))?);
        }
        Ok(self.call(callee, slots, expected))
    }

    fn call<'a>(&mut self, callee: Callee, args: Vec<Value>, expected: Expected<'a>) -> Check<'a> {
        let Callee {
            instance,
            export,
            results,
            ..
        } = callee;
        let action = self.act(Action::Call {
            instance,
            export,
            args,
        });
        Check {
            carried: Some(results.to_vec()),
            ..self.check(action, expected)
        }
    }

    /// An export as it can be called.
    fn callee(&mut self, made: &Made, kind: Kind, name: &str) -> Planned<Callee> {
        let key = (made.action, kind, name.to_owned());
        if let Some(callee) = self.callees.get(&key) {
            return Ok(callee.clone());
        }
        let wrapped = Wrapped::of(&made.unit, kind, name);
        let wrapped = wrapped.ok_or_else(|| format!("there is no export {name:?}"))?;
        let (instance, export) = if wrapped.crosses() {
            (made.action, name)
        } else {
            let wasm = wrapped.module()?;
            let sources = vec![Source {
                name: wrapper::WRAPPED.to_owned(),
                instance: made.action,
            }];
            let instance = self.act(Action::Instantiate { wasm, sources });
            (instance, wrapper::EXPORT)
        };
        let callee = Callee {
            instance,
            export: export.to_owned(),
            params: wrapped.params.into(),
            results: wrapped.results.into(),
        };
        self.callees.insert(key, callee.clone());
        Ok(callee)
    }
}

impl<'a> Check<'a> {
    fn of(action: usize, expected: Expected<'a>) -> Self {
        Self {
            action,
            expected,
            carried: None,
            needs: Vec::new(),
        }
    }
}

/// What can be kept for later directives: a skip is theirs as well; that something is broken ends
/// this one, and they will find nothing.
fn kept<T: Clone>(planned: &Planned<T>) -> Planned<Result<T, Skip>> {
    match planned {
        Ok(it) => Ok(Ok(it.clone())),
        Err(Stop::Skip(skip)) => Ok(Err(*skip)),
        Err(Stop::Broken(what)) => Err(Stop::Broken(what.clone())),
    }
}
