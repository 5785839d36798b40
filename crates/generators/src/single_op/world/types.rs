//! The types that a module defines: functions, structs and arrays with subtypes.

use super::World;
use arbitrary::{Result, Unstructured};
use assay_engine::Features;
use wasm_encoder::{
    ArrayType, CompositeInnerType, CompositeType, FieldType, FuncType, HeapType, RefType,
    StorageType, StructType, SubType, ValType,
};

/// What is to be stored in a field or in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Anything.
    Any,
    /// `i8` or `i16`.
    Packed,
    /// A value as it is.
    Unpacked,
    /// Bytes: a number, a vector, or packed.
    Bytes,
    /// A reference of this type.
    Reference(RefType),
    /// Anything that has a default.
    Defaultable,
}

/// What an instruction needs of a field or of elements.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// What is stored.
    pub storage: Storage,
    /// Whether it must be mutable.
    pub mutable: bool,
}

impl Need {
    /// No needs.
    pub const ANY: Self = Self {
        storage: Storage::Any,
        mutable: false,
    };

    /// Elements that are read.
    pub fn read(storage: Storage) -> Self {
        Self {
            storage,
            mutable: false,
        }
    }

    /// Elements that are written.
    pub fn write(storage: Storage) -> Self {
        Self {
            storage,
            mutable: true,
        }
    }

    fn fits(self, field: &FieldType) -> bool {
        let stored = match (self.storage, field.element_type) {
            (Storage::Any, _) => true,
            (Storage::Packed, ty) => !matches!(ty, StorageType::Val(_)),
            (Storage::Unpacked, ty) => matches!(ty, StorageType::Val(_)),
            (Storage::Bytes, ty) => !matches!(ty, StorageType::Val(ValType::Ref(_))),
            (Storage::Reference(wanted), ty) => ty == StorageType::Val(ValType::Ref(wanted)),
            (Storage::Defaultable, ty) => ty.unpack().is_defaultable(),
        };
        stored && (field.mutable || !self.mutable)
    }
}

/// A reference to a type that the module defines.
pub fn concrete(index: u32, nullable: bool) -> RefType {
    RefType {
        nullable,
        heap_type: HeapType::Concrete(index),
    }
}

impl World {
    fn define(&mut self, inner: CompositeInnerType, supertype: Option<u32>, is_final: bool) -> u32 {
        self.types.push(SubType {
            is_final,
            supertype_idx: supertype,
            composite_type: CompositeType {
                inner,
                shared: false,
                descriptor: None,
                describes: None,
            },
        });
        self.types.len() as u32 - 1
    }

    /// The plain function type.
    pub fn func_type(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        let ty = FuncType::new(params.iter().copied(), results.iter().copied());
        let same = |t: &SubType| {
            let inner = &t.composite_type.inner;
            t.is_final
                && t.supertype_idx.is_none()
                && matches!(inner, CompositeInnerType::Func(f) if *f == ty)
        };
        match self.types.iter().position(same) {
            Some(index) => index as u32,
            None => self.define(CompositeInnerType::Func(ty), None, true),
        }
    }

    /// A function type for callees, sometimes with so many values that they go by the stack, and
    /// sometimes open or a subtype.
    pub fn signature(&mut self, u: &mut Unstructured<'_>) -> Result<u32> {
        // Every type costs an engine a trampoline, so that most are used again.
        let known = self.indices(is_func);
        if known.len() >= 2 && u.ratio(4, 5)? {
            return u.choose(&known).copied();
        }
        let open: Vec<u32> = self.indices(|t| !t.is_final && is_func(t));
        if self.has(Features::GC) && !open.is_empty() && u.ratio(1, 2)? {
            let index = *u.choose(&open)?;
            if u.arbitrary()? {
                return Ok(index);
            }
            let inner = self.types[index as usize].composite_type.inner.clone();
            let is_final = u.arbitrary()?;
            return Ok(self.define(inner, Some(index), is_final));
        }
        let most = if u.ratio(1, 6)? { 18 } else { 4 };
        let params = self.val_types(u, 0, most)?;
        let most = if u.ratio(1, 6)? { 9 } else { 2 };
        let results = self.val_types(u, 0, most)?;
        if self.has(Features::GC) && u.ratio(1, 3)? {
            return Ok(self.define(
                CompositeInnerType::Func(FuncType::new(params, results)),
                None,
                false,
            ));
        }
        Ok(self.func_type(&params, &results))
    }

    /// The parameters and results of a function type; empty for any other.
    pub fn signature_of(&self, index: u32) -> (Vec<ValType>, Vec<ValType>) {
        match &self.types[index as usize].composite_type.inner {
            CompositeInnerType::Func(ty) => (ty.params().to_vec(), ty.results().to_vec()),
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// The declared supertype of a type.
    pub fn supertype(&self, index: u32) -> Option<u32> {
        self.types[index as usize].supertype_idx
    }

    /// Whether `sub` is `of` or declared below it.
    pub fn is_subtype(&self, sub: u32, of: u32) -> bool {
        let mut index = Some(sub);
        while let Some(i) = index {
            if i == of {
                return true;
            }
            index = self.supertype(i);
        }
        false
    }

    fn indices(&self, is: impl Fn(&SubType) -> bool) -> Vec<u32> {
        (0..)
            .zip(&self.types)
            .filter(|(_, ty)| is(ty))
            .map(|(i, _)| i)
            .collect()
    }

    /// Some struct type.
    pub fn a_struct(&mut self, u: &mut Unstructured<'_>) -> Result<u32> {
        let (index, _) = self.struct_with(u, Need::ANY)?;
        Ok(index)
    }

    /// A struct type with a field, and the index of the field.
    pub fn struct_with(&mut self, u: &mut Unstructured<'_>, need: Need) -> Result<(u32, u32)> {
        let mut found = Vec::new();
        for index in 0..self.types.len() as u32 {
            let fields = self.fields(index);
            found.extend(
                (0..)
                    .zip(&fields)
                    .filter(|(_, f)| need.fits(f))
                    .map(|(i, _)| (index, i)),
            );
        }
        if !found.is_empty() && u.ratio(1, 2)? {
            return u.choose(&found).copied();
        }
        let open: Vec<u32> = self.indices(|t| !t.is_final && is_struct(t));
        let supertype = if !open.is_empty() && u.ratio(1, 2)? {
            Some(*u.choose(&open)?)
        } else {
            None
        };
        let mut fields = supertype.map_or_else(Vec::new, |index| self.fields(index));
        for _ in 0..u.int_in_range(0..=3)? {
            let field = self.field(u, Need::ANY)?;
            fields.push(field);
        }
        if u.ratio(1, 8)? {
            // A reference to another struct of the same type.
            let itself = ValType::Ref(concrete(self.types.len() as u32, true));
            fields.push(FieldType {
                element_type: StorageType::Val(itself),
                mutable: u.arbitrary()?,
            });
        }
        fields.push(self.field(u, need)?);
        let field = fields.len() as u32 - 1;
        let is_final = u.ratio(1, 3)?;
        let ty = StructType {
            fields: fields.into(),
        };
        Ok((
            self.define(CompositeInnerType::Struct(ty), supertype, is_final),
            field,
        ))
    }

    /// A struct type whose fields all have defaults.
    pub fn struct_of_defaults(&mut self, u: &mut Unstructured<'_>) -> Result<u32> {
        let need = Need {
            storage: Storage::Defaultable,
            mutable: u.arbitrary()?,
        };
        let mut fields = Vec::new();
        for _ in 0..u.int_in_range(0..=4)? {
            fields.push(self.field(u, need)?);
        }
        let ty = StructType {
            fields: fields.into(),
        };
        let is_final = u.arbitrary()?;
        Ok(self.define(CompositeInnerType::Struct(ty), None, is_final))
    }

    /// The fields of a struct type; empty for any other.
    pub fn fields(&self, index: u32) -> Vec<FieldType> {
        match &self.types[index as usize].composite_type.inner {
            CompositeInnerType::Struct(ty) => ty.fields.to_vec(),
            _ => Vec::new(),
        }
    }

    /// An array type that meets a need.
    pub fn an_array(&mut self, u: &mut Unstructured<'_>, need: Need) -> Result<u32> {
        let found = self.indices(
            |t| matches!(t.composite_type.inner, CompositeInnerType::Array(a) if need.fits(&a.0)),
        );
        if !found.is_empty() && u.ratio(1, 2)? {
            let index = *u.choose(&found)?;
            if self.types[index as usize].is_final || u.ratio(3, 4)? {
                return Ok(index);
            }
            let inner = self.types[index as usize].composite_type.inner.clone();
            return Ok(self.define(inner, Some(index), true));
        }
        let field = self.field(u, need)?;
        let is_final = u.arbitrary()?;
        Ok(self.define(CompositeInnerType::Array(ArrayType(field)), None, is_final))
    }

    /// What the elements of an array type are; `None` for any other.
    pub fn element(&self, index: u32) -> Option<FieldType> {
        match self.types[index as usize].composite_type.inner {
            CompositeInnerType::Array(ty) => Some(ty.0),
            _ => None,
        }
    }

    fn field(&mut self, u: &mut Unstructured<'_>, need: Need) -> Result<FieldType> {
        let element_type = match need.storage {
            Storage::Packed => packed(u)?,
            Storage::Reference(ty) => StorageType::Val(ValType::Ref(ty)),
            Storage::Bytes | Storage::Any | Storage::Defaultable if u.ratio(1, 3)? => packed(u)?,
            Storage::Bytes => StorageType::Val(self.number_type(u)?),
            Storage::Defaultable => StorageType::Val(self.val_type(u)?),
            Storage::Any | Storage::Unpacked => StorageType::Val(self.field_value(u)?),
        };
        let mutable = need.mutable || u.ratio(2, 3)?;
        Ok(FieldType {
            element_type,
            mutable,
        })
    }

    /// A type for fields: besides the usual ones, references to types defined before.
    fn field_value(&mut self, u: &mut Unstructured<'_>) -> Result<ValType> {
        if self.types.is_empty() || u.ratio(3, 4)? {
            return self.val_type(u);
        }
        let index = u.choose_index(self.types.len())? as u32;
        Ok(ValType::Ref(concrete(index, u.ratio(3, 4)?)))
    }
}

fn packed(u: &mut Unstructured<'_>) -> Result<StorageType> {
    Ok(*u.choose(&[StorageType::I8, StorageType::I16])?)
}

fn is_func(ty: &SubType) -> bool {
    matches!(ty.composite_type.inner, CompositeInnerType::Func(_))
}

pub(super) fn is_struct(ty: &SubType) -> bool {
    matches!(ty.composite_type.inner, CompositeInnerType::Struct(_))
}

pub(super) fn is_array(ty: &SubType) -> bool {
    matches!(ty.composite_type.inner, CompositeInnerType::Array(_))
}
