-- How the charge was estimated, in words; and whether the call used a feature without a bound.
alter table calls add column estimate text;
alter table calls add column unbounded boolean;
