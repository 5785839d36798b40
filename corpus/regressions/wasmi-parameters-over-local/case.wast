;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; Before a block, wasmi saves the locals on the stack, so that they are saved on all paths alike, but
;; not its parameters. To leave those out it skips as many operands as there are parameters, and
;; counts only operands that are locals. Here the parameter is a constant, so the local under it is
;; what is skipped. It is saved before local.set, in the first arm alone; after the if it is taken to
;; be saved, and in the second arm its slot still holds what i32.clz gave. Without the first six
;; instructions nothing has been written to that slot at all, and the result is any number. With a
;; local as the parameter the result is right. The same happens in a block and in a loop.

(module
  (func (export "f") (param i32) (result i32)
    local.get 0
    i32.clz
    local.get 0
    i32.ctz
    drop
    drop
    local.get 0
    i32.const 7
    local.get 0
    if (param i32)
      local.set 0
    else
      drop
    end
  )
)

(assert_return (invoke "f" (i32.const 0)) (i32.const 0))

;; end
