;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Both targets want two values at the bottom of the stack. They lie one slot higher, above the
;; operand that the branch drops. As all targets of the table have the same height, wasmi takes the
;; values to be in place and moves the last one alone, which goes through a register. With br_if, or
;; with one target of another height, it moves both.

(module
  (func (export "f") (param i32) (result i32 i32)
    block (result i32 i32)
      local.get 0
      i32.const 2
      i32.const 3
      local.get 0
      br_table 0 1
    end
  )
)

(assert_return (invoke "f" (i32.const 1)) (i32.const 2) (i32.const 3))

;; end
