-- The method of the estimate as text; and true if the call used a feature without a bound.
alter table calls add column estimate text;
alter table calls add column unbounded boolean;
