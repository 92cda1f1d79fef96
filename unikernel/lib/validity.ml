let date seconds = Http_date.format (max 0 seconds)

let warning ~now ~from ~until =
  if from <= now && now <= until then None
  else
    let why = if now < from then "valid only from" else "no longer valid since" in
    let moment = date (if now < from then from else until) in
    Some
      (Printf.sprintf "the certificate is %s %s, by this machine's clock, which says %s" why moment (date now))
