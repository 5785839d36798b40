(module
  (global $scale f64 (f64.const 1.0625))
  (func $step (param f64 f32) (result f64)
    (f64.add (f64.div (local.get 0) (global.get $scale))
      (f64.promote_f32 (f32.sqrt (f32.abs (local.get 1))))))
  (func $clamp (param f64) (result f64)
    (f64.min (f64.max (local.get 0) (f64.const -1e9)) (f64.const 1e9)))
  (func (export "run") (param i32) (result i32)
    (local f64 f32 i32)
    (local.set 1 (f64.convert_i32_s (local.get 0)))
    (local.set 2 (f32.demote_f64 (f64.neg (local.get 1))))
    (loop $next
      (local.set 1 (call $clamp (call $step (local.get 1) (local.get 2))))
      (local.set 2 (f32.copysign (f32.nearest (f32.mul (local.get 2) (f32.const 1.5)))
        (f32.demote_f64 (local.get 1))))
      (br_if $next (i32.lt_u
        (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 10))))
    (i32.xor (i32.trunc_sat_f64_s (local.get 1))
      (i32.reinterpret_f32 (f32.floor (local.get 2))))))
