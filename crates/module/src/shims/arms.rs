//! The functions that the shim calls.

use super::MAX_SLOTS;
use crate::lift::{self, function_type};
use crate::numbers::Numbers;
use crate::types::{Signature, Widths};
use crate::{Info, Plan};
use wasm_encoder::ValType;

/// A function behind the shim.
pub(crate) struct Arm {
    /// The name that the module, or its generator, gave it.
    pub name: String,
    /// Its index in the original module.
    pub function: u32,
    pub signature: Signature,
    /// Whether its exceptions are caught.
    pub caught: bool,
}

impl Arm {
    /// The functions that a plan wants called, and those of them that cannot be, with the reason.
    pub fn all(info: &Info, plan: &Plan) -> (Vec<Self>, Vec<(String, &'static str)>) {
        let (mut arms, mut left_out) = (Vec::new(), Vec::new());
        for (name, function) in info.callable(plan.exports) {
            let Some(&ty) = info.functions.get(function as usize) else {
                continue;
            };
            match check(info, ty) {
                Err(why) => left_out.push((name, why)),
                Ok(signature) => arms.push(Self {
                    caught: !plan.uncaught.contains(&name),
                    name,
                    function,
                    signature,
                }),
            }
        }
        (arms, left_out)
    }

    /// Its result types in the encoder's terms.
    pub fn results(&self, info: &Info, numbers: &Numbers) -> Vec<ValType> {
        let ty = function_type(info, self.function);
        ty.map_or(Vec::new(), |ty| numbers.val_types(ty.results()))
    }
}

fn check(info: &Info, ty: u32) -> Result<Signature, &'static str> {
    let signature = info
        .signature_of_type(ty)
        .ok_or("its types cannot be carried")?;
    if !signature.params.iter().all(|&ty| lift::can_lift(info, ty)) {
        return Err("no value of a parameter's type can be made");
    }
    let params = Widths::of_arguments(&signature.params);
    let results = Widths::of_results(&signature.results);
    if params.slots().max(results.slots()) > MAX_SLOTS {
        return Err("more parameters or results than engines allow once lowered");
    }
    Ok(signature)
}
