//! What wasmi gets wrong about `br_table`, told by running it on branches in its place.

use super::wasmi::{differs_from_itself, parameters};
use assay_checks::Difference;
use assay_engine::Program;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, Function, FunctionSection, ValType};
use wasmparser::{
    BrTable, FunctionBody, FunctionSectionReader, Operator, Parser, TypeSectionReader,
};

/// Whether the difference goes away when each `br_table` is a row of `br_if`.
///
/// wasmi moves the values that a `br_table` carries to where a target wants them, but not if all
/// targets have the same height of the stack: it takes them to be there already. They are not
/// where other operands lie under them, which the branch drops.
///
/// The target then reads a slot that another value was in, or that nothing has been written to, so
/// what wasmi gives may not be the same twice.
pub(super) fn br_table_over_operand(difference: &Difference, program: &Program) -> bool {
    let Some(apart) = without_tables(program) else {
        return false;
    };
    differs_from_itself(program, &apart).is_some_and(|of_wasmi| {
        of_wasmi.place == difference.place
            && of_wasmi.what == difference.what
            && of_wasmi.subject == difference.subject
    })
}

/// The program without `br_table`; `None` where it has none.
fn without_tables(program: &Program) -> Option<Program> {
    let mut apart = program.clone();
    let mut tables = 0;
    for module in &mut apart.modules {
        let mut rows = Rows::default();
        let mut encoded = wasm_encoder::Module::new();
        rows.parse_core_module(&mut encoded, Parser::new(0), &module.wasm)
            .ok()?;
        module.wasm = encoded.finish();
        tables += rows.tables;
    }
    (tables > 0).then_some(apart)
}

/// Makes a row of `br_if` of each `br_table`.
#[derive(Default)]
struct Rows {
    /// How many parameters each type of the module has.
    parameters: Vec<u32>,
    /// The types of the functions that are still to come, the last first.
    functions: Vec<u32>,
    /// How many there were.
    tables: usize,
}

impl Rows {
    fn row(&mut self, f: &mut Function, table: &BrTable<'_>, index: u32) -> wasmparser::Result<()> {
        self.tables += 1;
        let mut f = f.instructions();
        f.local_set(index);
        for (number, target) in (0..).zip(table.targets()) {
            f.local_get(index).i32_const(number).i32_eq();
            f.br_if(target?);
        }
        f.br(table.default());
        Ok(())
    }
}

impl Reencode for Rows {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut wasm_encoder::TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        self.parameters = parameters(section.clone())?;
        utils::parse_type_section(self, types, section)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        self.functions = section.clone().into_iter().collect::<Result<_, _>>()?;
        self.functions.reverse();
        utils::parse_function_section(self, functions, section)
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Self::Error>> {
        let ty = self.functions.pop().unwrap_or_default();
        let mut index = self
            .parameters
            .get(ty as usize)
            .copied()
            .unwrap_or_default();
        let mut locals = Vec::new();
        for pair in body.get_locals_reader()? {
            let (count, ty) = pair?;
            index += count;
            locals.push((count, self.val_type(ty)?));
        }
        locals.push((1, ValType::I32));
        let mut f = Function::new(locals);
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::BrTable { targets } => self.row(&mut f, &targets, index)?,
                operator => {
                    f.instruction(&utils::instruction(self, operator)?);
                }
            }
        }
        code.function(&f);
        Ok(())
    }
}
