let days = [| "Thu"; "Fri"; "Sat"; "Sun"; "Mon"; "Tue"; "Wed" |]
let months = [| "Jan"; "Feb"; "Mar"; "Apr"; "May"; "Jun"; "Jul"; "Aug"; "Sep"; "Oct"; "Nov"; "Dec" |]

(* Days since 1970 to (year, month 1-12, day 1-31), counting years from March so that the leap day
   comes last (Howard Hinnant, "chrono-compatible low-level date algorithms"). *)
let civil day =
  let z = day + 719_468 in
  let era = z / 146_097 in
  let doe = z mod 146_097 in
  let yoe = (doe - (doe / 1_460) + (doe / 36_524) - (doe / 146_096)) / 365 in
  let doy = doe - ((365 * yoe) + (yoe / 4) - (yoe / 100)) in
  let mp = ((5 * doy) + 2) / 153 in
  let month = if mp < 10 then mp + 3 else mp - 9 in
  let year = yoe + (era * 400) + if month <= 2 then 1 else 0 in
  (year, month, doy - (((153 * mp) + 2) / 5) + 1)

let format seconds =
  let day = seconds / 86_400 and second = seconds mod 86_400 in
  let year, month, date = civil day in
  Printf.sprintf "%s, %02d %s %04d %02d:%02d:%02d GMT"
    days.(day mod 7)
    date
    months.(month - 1)
    year (second / 3_600)
    (second / 60 mod 60)
    (second mod 60)
