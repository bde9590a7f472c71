-- How an estimated charge was made, in words; and whether the call used a feature that has no bound.
alter table calls add column estimate text;
alter table calls add column unbounded boolean;
