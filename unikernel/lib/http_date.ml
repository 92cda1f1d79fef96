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

let make seconds =
  let day = seconds / 86_400 and second = seconds mod 86_400 in
  let year, month, date = civil day in
  Printf.sprintf "%s, %02d %s %04d %02d:%02d:%02d GMT"
    days.(day mod 7)
    date
    months.(month - 1)
    year (second / 3_600)
    (second / 60 mod 60)
    (second mod 60)

(* Few different dates are asked for again and again: those of popular pages, and now. *)
let made : (int, string) Hashtbl.t = Hashtbl.create 64

let format seconds =
  match Hashtbl.find_opt made seconds with
  | Some text -> text
  | None ->
      let text = make seconds in
      if Hashtbl.length made >= 512 then Hashtbl.reset made;
      Hashtbl.replace made seconds text;
      text

(* Days since 1970 of a date, by the inverse of [civil]. *)
let days_of_civil year month date =
  let y = if month <= 2 then year - 1 else year in
  let era = y / 400 in
  let yoe = y - (era * 400) in
  let mp = (month + 9) mod 12 in
  let doy = (((153 * mp) + 2) / 5) + date - 1 in
  (era * 146_097) + (yoe * 365) + (yoe / 4) - (yoe / 100) + doy - 719_468

let month_of name =
  let rec go i = if i = 12 then None else if months.(i) = name then Some (i + 1) else go (i + 1) in
  go 0

let seconds ~year ~month ~date ~hour ~minute ~second =
  match month_of month with
  | Some month when year >= 1970 && year <= 9999 && date >= 1 && date <= 31 && hour < 24 && minute < 60 && second <= 60
    ->
      let day = days_of_civil year month date in
      (* What does not come back is no day of the calendar. *)
      if civil day = (year, month, date) then
        Some ((day * 86_400) + (hour * 3_600) + (minute * 60) + min second 59)
      else None
  | _ -> None

(* A two-digit year is in the last hundred years, or at most 50 ahead; certificates of our servers end
   before 2070. *)
let full_year year = if year < 70 then year + 2000 else year + 1900

let parse s =
  let scan format f = try Some (Scanf.sscanf s format f) with _ -> None in
  let imf =
    scan "%3s, %2u %3s %4u %2u:%2u:%2u GMT%!" (fun _ date month year hour minute second ->
        seconds ~year ~month ~date ~hour ~minute ~second)
  in
  let rfc850 () =
    scan "%[A-Za-z], %2u-%3s-%2u %2u:%2u:%2u GMT%!" (fun _ date month year hour minute second ->
        seconds ~year:(full_year year) ~month ~date ~hour ~minute ~second)
  in
  let asctime () =
    scan "%3s %3s %2u %2u:%2u:%2u %4u%!" (fun _ month date hour minute second year ->
        seconds ~year ~month ~date ~hour ~minute ~second)
  in
  if String.length s > 40 then None
  else
    match imf with
    | Some found -> found
    | None -> (
        match rfc850 () with
        | Some found -> found
        | None -> ( match asctime () with Some found -> found | None -> None))
