//! The code of a function, as far as it has come.

use wasm_encoder::{Function, InstructionSink as Sink, ValType};

/// The code of a function.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The types of its locals, parameters first.
    pub locals: Vec<ValType>,
    /// Its instructions, without the last `end`.
    pub code: Vec<u8>,
}

impl Body {
    /// That of a function of these parameters, of which there is none yet.
    pub fn new(params: impl IntoIterator<Item = ValType>) -> Self {
        Self {
            locals: params.into_iter().collect(),
            code: Vec::new(),
        }
    }

    /// Where code goes.
    pub fn sink(&mut self) -> Sink<'_> {
        Sink::new(&mut self.code)
    }

    /// A new local.
    pub fn local(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        self.locals.len() as u32 - 1
    }

    /// The function, which has so many parameters.
    pub fn encoded(&self, params: usize) -> Function {
        let locals = self.locals.iter().skip(params);
        let mut function = Function::new(locals.map(|&ty| (1, ty)));
        function.raw(self.code.iter().copied());
        function.instructions().end();
        function
    }
}
