;; The script of an Assay case. Its assertions hold the expected behaviour; all that a script has
;; no words for stands in the header.
;;
;; A tail call leaves its function, and with it the handlers in that (Core 4.6, `return_call`): what $throws throws is
;; caught in $catches, and what is behind its call is never reached. Once $leaves is inlined there by JavaScriptCore's
;; optimiser, the tail call is a call within the handler of $leaves: that catches, and $leaves returns. The compiler runs
;; beside the program, so that it shows by chance.

(module
  (tag $t)
  (func (export "f") (local i32)
    loop
      call $catches
      local.get 0
      i32.const 1
      i32.add
      local.tee 0
      i32.const 300000
      i32.lt_u
      br_if 0
    end
  )
  (func $catches
    block
      try_table (catch_all 0)
        call $leaves
        unreachable
      end
    end
  )
  (func $leaves
    block
      try_table (catch_all 0)
        return_call $throws
      end
    end
  )
  (func $throws
    throw $t
  )
)

(assert_return (invoke "f"))

;; end
