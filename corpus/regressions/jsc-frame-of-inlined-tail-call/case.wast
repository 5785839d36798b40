;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Function 1 made a tail call to function 2, so that 2 is active and 0 waits for it. Once the loop has run so often
;; that JavaScriptCore has compiled it with its optimiser, which inlines, the stack of the error has 1 between
;; them. The compiler runs beside the program: the loop is as long as it takes.

(module
  (func (export "f") (local i32)
    loop
      local.get 0
      call 1
      local.get 0
      i32.const 1
      i32.add
      local.tee 0
      i32.const 3000000
      i32.le_u
      br_if 0
    end
  )
  (func (param i32)
    local.get 0
    return_call 2
  )
  (func (param i32)
    i32.const 1
    i32.const 3000000
    local.get 0
    i32.sub
    i32.div_u
    drop
  )
)

(assert_trap (invoke "f") "integer divide by zero")

;; end
