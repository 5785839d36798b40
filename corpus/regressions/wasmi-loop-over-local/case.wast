;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; A local that was set from the accumulator is read from there as long as it holds the local. Before
;; a loop with parameters, wasmi moves the last of them to the accumulator, and only then saves the
;; locals that are on the stack under them: it saves the accumulator, in which there is now the
;; parameter. Here that gives the 8 of the caller and not the local. A block has the right order, and
;; without local.tee the operand is not a local, and is saved in time.

(module
  (func (export "f") (param i32 i32) (result i32)
    local.get 0
    i32.clz
    local.tee 0
    local.get 1
    loop (param i32)
      drop
    end
  )
)

(assert_return (invoke "f" (i32.const 1) (i32.const 8)) (i32.const 31))

;; end
