;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; wasmi fuses a comparison with zero into the select that follows it: the comparison goes, the
;; operands change places, and the select is to test what was compared. If that is in the
;; accumulator, it is; if it is a local, the select tests the accumulator all the same, in which
;; there is still the 1 of the first i32.eqz. Without that one the result is right, by chance.
;; The same happens with i32.eq and i32.ne of a local and 0, and for select of every type.

(module
  (func (export "f") (result i32)
    (local i32)
    local.get 0
    i32.eqz
    drop
    i32.const 1
    i32.const 2
    local.get 0
    i32.eqz
    select
  )
)

(assert_return (invoke "f") (i32.const 1))

;; end
