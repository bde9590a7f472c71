-- Finds the UTC day and month of a time, and their ends. The name of a window is a letter and a date: 'd20261123', 'm202611'.

-- Days from 1970-01-01 to a date (proleptic Gregorian). The year starts in March here, so that a leap day is its last
-- day; months 13 and 14 are the next January and February.
local function daysTo(year, month, day)
  if month <= 2 then
    year, month = year - 1, month + 12
  end
  local leapDays = floor(year / 4) - floor(year / 100) + floor(year / 400)
  return 365 * year + leapDays + floor((153 * (month - 3) + 2) / 5) + day - 719469
end

-- The inverse of `daysTo`. A period of 400 years has 146,097 days.
local function dateOf(days)
  local shifted = days + 719468
  local era = floor(shifted / 146097)
  local dayOfEra = shifted - era * 146097
  local yearOfEra = floor((dayOfEra - floor(dayOfEra / 1460) + floor(dayOfEra / 36524) - floor(dayOfEra / 146096)) / 365)
  local dayOfYear = dayOfEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100))
  local fromMarch = floor((5 * dayOfYear + 2) / 153)
  local day = dayOfYear - floor((153 * fromMarch + 2) / 5) + 1
  local year = yearOfEra + era * 400
  if fromMarch >= 10 then
    return year + 1, fromMarch - 9, day
  end
  return year, fromMarch + 3, day
end

local function window(name, ends)
  return { name = name, spent = name .. ':spent', held = name .. ':held', ends = ends }
end

local function windowsAt(ms)
  local days = floor(ms / DAY)
  local year, month, day = dateOf(days)
  local nextMonth = month == 12 and daysTo(year + 1, 1, 1) or daysTo(year, month + 1, 1)
  return {
    day = window(format('d%04d%02d%02d', year, month, day), (days + 1) * DAY),
    month = window(format('m%04d%02d', year, month), nextMonth * DAY),
  }
end

local function endOf(name)
  local year, month, day = tonumber(name:sub(2, 5)), tonumber(name:sub(6, 7)), tonumber(name:sub(8))
  if day then
    return (daysTo(year, month, day) + 1) * DAY
  end
  if month == 12 then
    year, month = year + 1, 0
  end
  return daysTo(year, month + 1, 1) * DAY
end
