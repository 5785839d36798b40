//! What no heap can hold.

use super::super::operand::Manner;
use super::super::types::Storage;
use super::super::world::World;
use super::arrays::arrays;
use crate::stress::Choices;

/// So many elements that even of bytes they are more than any engine has for one array, by far.
const LENGTHS: [u32; 2] = [u32::MAX, 0x8000_0000];

/// Asks for an array that is too large, while what is to be in it is on the stack. The call ends there;
/// the next one finds all that was kept.
pub fn exhaust(w: &mut World, c: &mut Choices<'_, '_>) -> Option<()> {
    let by_default = c.once_in(2);
    let fits = |storage: Storage| !by_default || storage.has_default();
    let ty = c.one_of(&arrays(w, |element| fits(element.storage)))?;
    let length = c.one_of(&LENGTHS)?;
    w.save_digest();
    if by_default {
        w.meet("ArrayNewDefault", "too large");
        w.push_i32(length);
        w.sink().array_new_default(ty);
    } else {
        let operand = w.operand(c, w.types.element(ty)?.storage)?;
        let manner = Manner::choose(c);
        w.meet("ArrayNew", "too large");
        w.hand(&[operand], manner);
        w.push_i32(length);
        w.sink().array_new(ty);
    }
    w.exhausted();
    Some(())
}
