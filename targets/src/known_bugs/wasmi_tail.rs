//! What wasmi gets wrong about tail calls of the host's functions.

use assay_engine::{Program, names};
use wasmparser::{BinaryReaderError, ElementItems, Operator, Parser, Payload, TypeRef};

/// Whether a module may call a function of the host's in its own place.
///
/// When that function returns, wasmi does not go on in the caller of the one that it stood for, with
/// the stack of that, but with what is left of the frame: it reads and writes anywhere.
///
/// A direct call says whom it calls. Of an indirect one that is not known; it may be such a one where
/// the module refers to a function of the host's.
pub(super) fn calls_host(program: &Program) -> bool {
    let module = program.modules.last();
    // What does not decode is refused, and not run.
    module.is_some_and(|module| Calls::of(&module.wasm).is_ok_and(|calls| calls.may_be_of_host()))
}

/// What is called and referred to in a module.
#[derive(Default)]
struct Calls {
    imported: u32,
    of_host: bool,
    direct: bool,
    indirect: bool,
    referred: bool,
}

impl Calls {
    fn of(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut calls = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(_) | TypeRef::FuncExact(_) = import.ty {
                            calls.imported += 1;
                            calls.of_host |= import.module == names::HOST_MODULE;
                        }
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        calls.refers_in(element?.items)?;
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader()? {
                        calls.operator(&operator?);
                    }
                }
                _ => {}
            }
        }
        Ok(calls)
    }

    fn refers_in(&mut self, items: ElementItems<'_>) -> Result<(), BinaryReaderError> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.refers_to(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        self.operator(&operator?);
                    }
                }
            }
        }
        Ok(())
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::ReturnCall { function_index } => {
                self.direct |= function_index < self.imported;
            }
            Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => {
                self.indirect = true;
            }
            Operator::RefFunc { function_index } => self.refers_to(function_index),
            _ => {}
        }
    }

    fn refers_to(&mut self, function: u32) {
        self.referred |= function < self.imported;
    }

    fn may_be_of_host(&self) -> bool {
        self.of_host && (self.direct || self.indirect && self.referred)
    }
}
